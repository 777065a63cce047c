package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

type backtestOptions struct {
	loader
	window windowOptions
	output output
	// maxFires is negative for no limit.
	maxFires int
}

func (c *cli) backtestCommand() *cobra.Command {
	o := backtestOptions{loader: loader{cli: c}, window: newWindowOptions(), output: newOutput("table", "json", "yaml")}
	cmd := &cobra.Command{
		Use:   "backtest (-f FILENAME | NAME...) --prometheus-url URL",
		Short: "Show how often levels would have fired over a past window",
		Long: `Show how often each level of AlertThresholds would have fired over a past window, for how long, and for which series. "for"
and "keepFiringFor" are replayed as Prometheus evaluates them. With -f and a URL no cluster is needed.`,
		Example: `  # Before it is applied: how often would it have fired?
  kubectl plimsoll backtest -f slow-response.yaml -n ai --prometheus-url http://localhost:9090

  # One of the cluster, over 30 days
  kubectl plimsoll backtest slow-response -n ai --prometheus-url http://localhost:9090 --window 30d

  # In CI: fail when a level would have fired more than 3 times a week
  kubectl plimsoll backtest -f thresholds/ -R --prometheus-url "$PROMETHEUS" --max-fires 3`,
		RunE: func(cmd *cobra.Command, names []string) error { return o.run(cmd.Context(), names) },
	}
	o.addFileFlags(cmd)
	o.window.addFlags(cmd)
	o.output.addFlag(cmd)
	cmd.Flags().IntVar(&o.maxFires, "max-fires", -1, "exit with 1 when a level would have fired more often in the window; -1 for no limit")
	return cmd
}

// backtested is the backtest of a threshold, as -o json prints it.
type backtested struct {
	Namespace string             `json:"namespace"`
	Name      string             `json:"name"`
	Backtest  *v1alpha1.Backtest `json:"backtest"`
	// Notes say what the buckets of the histogram, if the value is a quantile of one, cannot show, and whether they changed.
	Notes []string `json:"notes,omitempty"`

	target target
	result *backtest.Result
	signal worstSeries
}

func (o *backtestOptions) run(ctx context.Context, names []string) error {
	client, err := o.window.prometheus.client()
	if err != nil {
		return err
	}
	r, err := o.window.pastWindow()
	if err != nil {
		return err
	}
	targets, err := o.load(ctx, names)
	if err != nil {
		return err
	}
	all := make([]backtested, len(targets))
	for i, t := range targets {
		if all[i], err = o.backtest(ctx, client, t, r); err != nil {
			return fmt.Errorf("backtesting %s: %w", t, err)
		}
	}
	if err := o.print(all); err != nil {
		return err
	}
	return o.checkFires(all)
}

func (o *backtestOptions) backtest(ctx context.Context, client *promapi.Client, t target, r backtest.Window) (backtested, error) {
	replay, err := backtest.NewReplay(r, t.plan.Levels)
	if err != nil {
		return backtested{}, err
	}
	b := backtested{Namespace: t.resource.Namespace, Name: t.resource.Name, target: t, signal: newWorstSeries(t.plan, r)}
	if b.Notes, err = bucketNotes(ctx, client, t.plan, r); err != nil {
		return backtested{}, err
	}
	if err := o.ingest(ctx, client, t.plan, r, replay.Ingest, b.signal.add); err != nil {
		return backtested{}, err
	}
	b.result = replay.Result()
	b.Backtest = b.result.Status(t.resource.Generation)
	return b, nil
}

// bucketNotes says what is to be known of the buckets that the plan's value is made of.
func bucketNotes(ctx context.Context, client *promapi.Client, plan *rules.Plan, r backtest.Window) ([]string, error) {
	buckets, err := client.Buckets(ctx, plan.Value.Expr, r)
	switch {
	case promapi.IsRefused(err):
		return []string{fmt.Sprintf("the buckets could not be read: %v", err)}, nil
	case err != nil || buckets == nil:
		return nil, err
	}
	return slices.Concat(plan.BucketWarnings(*buckets), buckets.Notes()), nil
}

func (o *backtestOptions) print(all []backtested) error {
	if o.output.format != "table" {
		return printAs(o.output.format, o.Out, map[string]any{"thresholds": all})
	}
	for i, b := range all {
		if i > 0 {
			fmt.Fprintln(o.Out)
		}
		if err := b.print(o.Out, width(o.Out)); err != nil {
			return err
		}
	}
	return nil
}

// checkFires fails for levels that would have fired too often. A signal that never had a value cannot be checked.
func (o *backtestOptions) checkFires(all []backtested) (failed error) {
	for _, b := range all {
		if b.result.Coverage == 0 {
			fmt.Fprintf(o.ErrOut, "%s: the signal had no value in the window: is the URL that of its Prometheus, and %s its namespace?\n", b.target, b.Namespace)
			if o.maxFires >= 0 {
				return fmt.Errorf("checking --max-fires: %s has no value in the window", b.target)
			}
		}
		for _, level := range b.Backtest.Levels {
			if o.maxFires >= 0 && level.Fires > int64(o.maxFires) {
				fmt.Fprintf(o.ErrOut, "%s: %s would have fired %s, more than --max-fires %d\n", b.target, level.Severity,
					manifest.Count(int(level.Fires), "time"), o.maxFires)
				failed = errCheckFailed
			}
		}
	}
	return failed
}
