package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/replay"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/tuner"
	"github.com/plimsoll-dev/plimsoll/internal/tuner/history"
)

type tuneOptions struct {
	loader
	window windowOptions
	// severity chooses one of several rules with the same alert.
	severity  string
	zone      zone
	port      int
	noBrowser bool
}

func (c *cli) tuneCommand() *cobra.Command {
	o := tuneOptions{loader: loader{cli: c, withRules: true}, window: newWindowOptions(), zone: localZone()}
	o.window.window = duration(4 * 7 * 24 * time.Hour)
	cmd := &cobra.Command{
		Use:   "tune (-f FILENAME | NAME | --rule [NAMESPACE/]NAME) --prometheus-url URL",
		Short: "Move levels over the past in the browser, and see what they would have done",
		Long: `Serve a page on which the levels of an AlertThreshold, or of any alerting rule, are moved over the past, and show at once how often
they would have fired: as backtest counts them, to the fire. The samples are read once.

The page is served on this machine alone, below a random URL, until Ctrl-C. Nothing is written but by its Apply, with the
rights of your kubeconfig and after a dry run. Of rules, the changed expression is shown.`,
		Example: `  # An AlertThreshold of the cluster, over four weeks
  kubectl plimsoll tune slow-response -n ai --prometheus-url http://localhost:9090

  # One alert of a rule file, or of a PrometheusRule of the cluster
  kubectl plimsoll tune -f rules.yaml --alert NodeClockSkew --prometheus-url http://localhost:9090
  kubectl plimsoll tune --rule monitoring/node-exporter --alert NodeClockSkew --prometheus-url http://localhost:9090

  # On another machine, whose browser is not yours: forward the port, and open the URL that is printed
  kubectl plimsoll tune slow-response -n ai --prometheus-url http://localhost:9090 --no-browser --port 8765`,
		RunE: func(cmd *cobra.Command, names []string) error { return o.run(cmd.Context(), names) },
	}
	o.addFileFlags(cmd)
	o.addRuleFlags(cmd)
	o.window.addFlags(cmd)
	cmd.Flags().StringVar(&o.severity, "level", "", "only the alert of this severity, of rules that have the same alert")
	cmd.Flags().Var(&o.zone, "time-zone", "where the hours from 22:00 to 07:00 are those in which people sleep, such as Europe/Berlin")
	cmd.Flags().IntVar(&o.port, "port", 0, "port of 127.0.0.1 to serve on; 0 for a free one")
	cmd.Flags().BoolVar(&o.noBrowser, "no-browser", false, "do not open the browser, only print the URL")
	return cmd
}

// gcPercent keeps the heap near what lives, which is samples: with Go's 100, four weeks of 100 series take half as much memory again.
const gcPercent = 30

func (o *tuneOptions) run(ctx context.Context, names []string) error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	client, w, err := o.window.connect(ctx)
	if err != nil {
		return err
	}
	targets, set, err := o.loadAll(ctx, names)
	if err != nil {
		return err
	}
	t, rule, err := o.choose(targets, set)
	if err != nil {
		return err
	}
	var what string
	var served tuner.Options
	if rule != nil {
		what = rule.String()
		served, err = o.serveRule(ctx, client, w, set, *rule)
	} else {
		what = t.String()
		served, err = o.serveThreshold(ctx, client, w, *t)
	}
	if err != nil {
		return fmt.Errorf("tuning %s: %w", what, err)
	}
	served.Zone, served.ZoneName = o.zone.location, o.zone.String()

	listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(o.port)))
	if err != nil {
		return fmt.Errorf("listening for the browser: %w", err)
	}
	token := tuner.NewToken()
	url := fmt.Sprintf("http://%s/%s/", listener.Addr(), token)
	fmt.Fprintf(o.Out, "%s is tuned at %s\n", what, url)
	fmt.Fprintln(o.ErrOut, "Ctrl-C ends it")
	if !o.noBrowser {
		closeBrowser, err := openBrowser(url)
		if err != nil {
			fmt.Fprintf(o.ErrOut, "open the URL yourself: %v\n", err)
		}
		defer closeBrowser()
	}
	return tuner.New(served).Serve(ctx, listener, token)
}

// choose returns the one threshold or rule to tune.
func (o *tuneOptions) choose(targets []target, set alert.Set) (*target, *alert.Rule, error) {
	var thresholds []*target
	var alerts []*alert.Rule
	var names []string
	for i, t := range targets {
		if o.wants(t.resource.Spec.Alert) && o.severity == "" {
			thresholds, names = append(thresholds, &targets[i]), append(names, t.String())
		}
	}
	for i, r := range set.Alerts {
		if severity := r.Labels[rules.SeverityLabel]; o.wants(r.Name) && (o.severity == "" || o.severity == severity) {
			alerts, names = append(alerts, &set.Alerts[i]), append(names, strings.TrimSpace(r.String()+" "+severity))
		}
	}
	switch {
	case len(names) == 0:
		return nil, nil, usageErrorf("nothing has the alert %q with the level %q", o.alert, o.severity)
	case len(names) > 1:
		return nil, nil, usageErrorf("must be one AlertThreshold or alert, and there are %d (%s): choose with --alert and --level", len(names), strings.Join(names, ", "))
	case len(alerts) == 1:
		return nil, alerts[0], nil
	default:
		return thresholds[0], nil, nil
	}
}

func (o *tuneOptions) serveThreshold(ctx context.Context, client *promapi.Client, w backtest.Window, t target) (tuner.Options, error) {
	tuned, err := tuner.NewThreshold(t.resource, o.rules)
	if err != nil {
		return tuner.Options{}, err
	}
	served := tuner.Options{Target: tuned, Samples: history.NewSamples(w), ApplyAbsent: "it is from a file: change it there, or apply the patch"}
	if served.Notes, served.Buckets, err = readBuckets(ctx, client, t.plan, w); err != nil {
		return served, err
	}
	recorded, err := replay.New(w, t.plan, nil, served.Samples.Ingest)
	if err != nil {
		return served, err
	}
	served.ReadNotes = recorded.Notes
	served.Read = func(ctx context.Context, s *history.Samples, progress func()) error {
		return client.Ingest(ctx, t.plan.Value.Expr, s.QueryWindow(), recorded.Ingest, func(model.Matrix, time.Time) error { progress(); return nil })
	}
	served.Fired = func(ctx context.Context) ([]tuner.Fired, error) {
		return firedAlerts(ctx, client, w, map[string]string{
			model.AlertNameLabel: t.plan.Alert, rules.NamespaceLabel: t.plan.Namespace, rules.ThresholdLabel: t.plan.Name,
		})
	}
	if len(o.paths) == 0 {
		served.ApplyAbsent, served.Apply = "", o.applyLevels
	}
	return served, nil
}

func (o *tuneOptions) serveRule(ctx context.Context, client *promapi.Client, w backtest.Window, set alert.Set, written alert.Rule) (tuner.Options, error) {
	b := client.NewRuleBacktester(ctx, w, set)
	rule := written
	for i, r := range set.Alerts {
		if r.Ref == written.Ref {
			rule = b.Set.Alerts[i] // with its interval
		}
	}
	value := rule
	value.Expr = tuner.RuleValue(rule)
	query, err := b.Query(ctx, value)
	if err != nil {
		return tuner.Options{}, err
	}
	window := backtest.RuleWindow(w.End, w.Length(), w.Step, rule)
	return tuner.Options{
		Target: tuner.NewRule(rule), Samples: history.NewRuleSamples(window, rule), Notes: query.Inexact,
		ApplyAbsent: "it is not an AlertThreshold: change its expression where it is written",
		Read: func(ctx context.Context, s *history.Samples, progress func()) error {
			return client.Replay(ctx, query, reportingIngester{s, progress})
		},
		Fired: func(ctx context.Context) ([]tuner.Fired, error) {
			labels := map[string]string{model.AlertNameLabel: rule.Name}
			for name, text := range rule.Labels {
				if !strings.Contains(text, "{{") {
					labels[name] = text
				}
			}
			return firedAlerts(ctx, client, window, labels)
		},
	}, nil
}

// reportingIngester reports each part.
type reportingIngester struct {
	*history.Samples
	progress func()
}

// Ingest takes the next part.
func (r reportingIngester) Ingest(part model.Matrix, through time.Time) error {
	err := r.Samples.Ingest(part, through)
	r.progress()
	return err
}

// firedAlerts returns when alerts with the labels fired, by severity.
func firedAlerts(ctx context.Context, client *promapi.Client, w backtest.Window, labels map[string]string) ([]tuner.Fired, error) {
	selector := fmt.Sprintf("{__name__=%q,alertstate=%q", "ALERTS", "firing")
	for name, value := range labels {
		selector += fmt.Sprintf(",%s=%q", name, value)
	}
	expr := fmt.Sprintf("count by (%s) (%s})", rules.SeverityLabel, selector)
	var fired []tuner.Fired
	open := map[string]int{} // by severity, the last of fired
	seconds := func(at model.Time) float64 { return float64(at) / 1000 }
	err := client.Ingest(ctx, expr, w, func(part model.Matrix, _ time.Time) error {
		for _, stream := range part {
			severity := string(stream.Metric[rules.SeverityLabel])
			for _, sample := range stream.Values {
				at := seconds(sample.Timestamp)
				i, is := open[severity]
				if !is || at > fired[i].End {
					i = len(fired)
					fired, open[severity] = append(fired, tuner.Fired{Severity: severity, Start: at}), i
				}
				fired[i].End = min(at+w.Step.Seconds(), float64(w.End.Unix()))
			}
		}
		return nil
	})
	return fired, err
}
