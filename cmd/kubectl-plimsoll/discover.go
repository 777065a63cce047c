package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
	"github.com/plimsoll-dev/plimsoll/internal/suggest"
)

// clusterTimeout bounds how long the cluster may take to list thresholds: without it there is an answer all the same.
const clusterTimeout = 10 * time.Second

// candidates asks Prometheus which signals the namespace has at that time: one question, or two with --otel-namespace-label. It
// prints what cannot be told to be of a source.
func (c *cli) candidates(ctx context.Context, prometheus *promapi.Client, namespace string, at time.Time, existing []v1alpha1.AlertThreshold) ([]suggest.Candidate, error) {
	labels := map[string][]signal.Source{signal.DefaultNamespaceLabel: signal.Sources()}
	if label := c.rules.OTelNamespaceLabel; label != "" && label != signal.DefaultNamespaceLabel {
		labels[signal.DefaultNamespaceLabel] = slices.DeleteFunc(signal.Sources(), func(s signal.Source) bool { return s == signal.OpenTelemetry })
		labels[label] = []signal.Source{signal.OpenTelemetry}
	}
	var found []signal.Discovered
	for label, sources := range labels {
		vector, err := prometheus.Query(ctx, signal.DiscoveryExpr(label, namespace, sources...), at)
		if err != nil {
			return nil, fmt.Errorf("finding the signals of namespace %s: %w", namespace, err)
		}
		var series []signal.Series
		for _, sample := range vector {
			series = append(series, signal.Series{Name: string(sample.Metric["__name__"]), Job: string(sample.Metric["job"])})
		}
		there := signal.Discover(series, sources...)
		for _, text := range signal.Unknown(series, there, sources...) {
			fmt.Fprintln(c.ErrOut, text)
		}
		found = append(found, there...)
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("finding the signals of namespace %s: it has no metrics of a known source at %s: check -n and --prometheus-url, "+
			"or name a time that has some with --end", namespace, formatTime(at))
	}
	slices.SortStableFunc(found, func(a, b signal.Discovered) int {
		return slices.Index(signal.Sources(), a.Source) - slices.Index(signal.Sources(), b.Source)
	})
	return suggest.Candidates(namespace, found, existing, c.rules), nil
}

// history reads the values of the candidate's signal over the window.
func (c *cli) history(ctx context.Context, prometheus *promapi.Client, candidate suggest.Candidate, w backtest.Window) (*backtest.History, error) {
	h := &backtest.History{Window: w}
	began := time.Now()
	if err := c.ingest(ctx, prometheus, candidate.Plan, w, h.Ingest); err != nil {
		return nil, err
	}
	return h, throttle(ctx, time.Since(began), 0.5)
}

// maxThrottle is the longest pause.
const maxThrottle = time.Minute

// throttle waits so that Prometheus, which took that long, has given us that share of the time, from 0 to 1.
func throttle(ctx context.Context, took time.Duration, share float64) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(min(time.Duration(float64(took)*(1/share-1)), maxThrottle)):
		return nil
	}
}

// existing returns the namespace's thresholds from the cluster. It says so when there is none that answers.
func (c *cli) existing(ctx context.Context, namespace string) ([]v1alpha1.AlertThreshold, error) {
	ctx, cancel := context.WithTimeout(ctx, clusterTimeout)
	defer cancel()
	api, _, err := c.connect()
	if err == nil {
		list := &v1alpha1.AlertThresholdList{}
		if err = api.List(ctx, list, client.InNamespace(namespace)); err == nil {
			return list.Items, nil
		}
	}
	return nil, fmt.Errorf("what is watched already is not known: reading the AlertThresholds of the cluster: %w", err)
}
