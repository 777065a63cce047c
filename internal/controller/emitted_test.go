//go:build integration

package controller_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// notDrawn are the families that the controller emits by its libraries and that no dashboard draws, by the beginning of
// their name, and why.
var notDrawn = map[string]string{
	"go_":                 "the Go runtime's inner life: for a profile, not for a dashboard; the goroutines are drawn",
	"process_":            "the process' files, times and network: its memory is drawn",
	"certwatcher_":        "the webhook's certificate is read from memory, or by a watcher that logs what goes wrong",
	"controller_runtime_": "its results and times are drawn; the rest counts what they contain, or never changes",
	"workqueue_":          "the queue's depth and wait are drawn; the rest is what they are made of",
	"leader_election_":    "who leads is drawn",
}

// TestEmitted holds what the built controller emits against the contract: what dashboards draw is there with its labels,
// and what is there is in the contract or deliberately not drawn.
func TestEmitted(t *testing.T) {
	namespace := newNamespace(t)
	run := buildProgram(t, adminConfig, controllerUser).start(t, "--namespaces", namespace)
	run.ready(t)
	createThreshold(t, namespace, "one", "{alert: One, signal: {name: CPU}, levels: [{severity: warning, above: 80%}]}")
	var families map[string]*dto.MetricFamily
	eventually(t, time.Minute, func() error {
		families = scrape(t, http.DefaultClient, "http://"+run.metrics+"/metrics")
		for _, m := range []metric.Metric{metric.Thresholds, metric.ReconcileDuration} {
			if len(families[m.Name].GetMetric()) == 0 {
				return fmt.Errorf("%s has no value", m.Name)
			}
		}
		return nil
	})
	// Here is neither a webhook nor an election, which the tests' own controller has won; the end-to-end test asks for these.
	elsewhere := []string{metric.Forecasts.Name, metric.Admissions.Name, metric.AdmissionDuration.Name, metric.Leader.Name}
	for _, m := range slices.Concat(metric.Controller(), metric.ControllerRuntime(), metric.Runtime()) {
		family, there := families[m.Name]
		delete(families, m.Name)
		if slices.Contains(elsewhere, m.Name) {
			continue
		}
		if !there {
			t.Errorf("%s is not emitted", m.Name)
			continue
		}
		var labels []string
		for _, pair := range family.GetMetric()[0].GetLabel() {
			labels = append(labels, pair.GetName())
		}
		slices.Sort(labels)
		if want := slices.Sorted(slices.Values(m.Labels)); !slices.Equal(labels, want) {
			t.Errorf("%s has labels %q, the contract %q", m.Name, labels, want)
		}
		if kind := strings.ToLower(family.GetType().String()); kind != string(m.Type) {
			t.Errorf("%s is a %s, in the contract a %s", m.Name, kind, m.Type)
		}
	}
	for name := range families {
		known := false
		for prefix := range notDrawn {
			known = known || strings.HasPrefix(name, prefix)
		}
		if !known {
			t.Errorf("%s is emitted, but neither in the contract nor deliberately not drawn", name)
		}
	}
}
