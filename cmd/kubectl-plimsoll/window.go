package main

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// defaultStep is the interval of rules where nobody says it: that of kube-prometheus-stack.
const defaultStep = 30 * time.Second

// windowOptions select a Prometheus and a past window. A step of zero is that of its rules.
type windowOptions struct {
	prometheus   prometheusOptions
	window, step duration
	end          instant
}

func newWindowOptions() windowOptions {
	return windowOptions{window: duration(7 * 24 * time.Hour)}
}

func (o *windowOptions) addFlags(cmd *cobra.Command) {
	o.prometheus.addFlags(cmd)
	cmd.Flags().Var(&o.window, "window", "length of the past window")
	cmd.Flags().Var(&o.step, "step", "interval between two evaluations (default that of the thresholds' rules in Prometheus, or 30s)")
	cmd.Flags().Var(&o.end, "end", "end of the window, as 2006-01-02T15:04:05Z (default now)")
}

// connect returns a client of the Prometheus, which is not asked yet but for the step, and the window.
func (o *windowOptions) connect(ctx context.Context) (*promapi.Client, backtest.Window, error) {
	client, err := o.prometheus.client()
	if err != nil {
		return nil, backtest.Window{}, err
	}
	w, err := o.pastWindow(ctx, client)
	return client, w, err
}

// pastWindow returns the window, in whole steps.
func (o *windowOptions) pastWindow(ctx context.Context, client *promapi.Client) (backtest.Window, error) {
	end := time.Time(o.end)
	if end.IsZero() {
		end = time.Now()
	}
	step := time.Duration(o.step)
	if step == 0 {
		step = cmp.Or(ruleInterval(ctx, client), defaultStep)
	}
	w := backtest.WindowUntil(end, time.Duration(o.window), step)
	if w.Evaluations() < 2 {
		return w, usageErrorf("--window must be longer than --step, which is %s", backtest.FormatDuration(step))
	}
	return w, nil
}

// ruleInterval returns how often Prometheus evaluates the rules of thresholds, whose groups all leave that to it; zero when it has
// none, or does not say.
func ruleInterval(ctx context.Context, from *promapi.Client) time.Duration {
	for group, err := range from.Rules(ctx, observe.RuleSelector) {
		if err != nil {
			return 0 // the signal is asked for next, and that error tells more
		}
		if _, ours := rules.GroupThreshold(group.Name); ours {
			return time.Duration(group.Interval * float64(time.Second))
		}
	}
	return 0
}

// ingest hands the values of the plan's signal to the ingesters. A terminal shows the progress.
func (c *cli) ingest(ctx context.Context, from *promapi.Client, plan *rules.Plan, w backtest.Window, ingesters ...promapi.Ingester) error {
	if isTerminal(c.ErrOut) {
		ingesters = append(ingesters, func(_ model.Matrix, through time.Time) error {
			fmt.Fprintf(c.ErrOut, "\r%s/%s: read %s of %s \x1b[K", plan.Namespace, plan.Name,
				backtest.FormatDuration(through.Sub(w.Start)), backtest.FormatDuration(w.Length()))
			return nil
		})
		defer fmt.Fprint(c.ErrOut, "\r\x1b[K")
	}
	return from.Ingest(ctx, plan.Value.Expr, w, ingesters...)
}
