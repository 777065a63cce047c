package main

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// windowOptions select a Prometheus and a past window.
type windowOptions struct {
	prometheus   prometheusOptions
	window, step duration
	end          instant
}

func newWindowOptions() windowOptions {
	return windowOptions{window: duration(7 * 24 * time.Hour), step: duration(30 * time.Second)}
}

func (o *windowOptions) addFlags(cmd *cobra.Command) {
	o.prometheus.addFlags(cmd)
	cmd.Flags().Var(&o.window, "window", "length of the past window")
	cmd.Flags().Var(&o.step, "step", "interval between two evaluations: that of Prometheus' rules")
	cmd.Flags().Var(&o.end, "end", "end of the window, as 2006-01-02T15:04:05Z (default now)")
}

// pastWindow returns the window, in whole steps.
func (o *windowOptions) pastWindow() (backtest.Window, error) {
	end := time.Time(o.end)
	if end.IsZero() {
		end = time.Now()
	}
	w := backtest.WindowUntil(end, time.Duration(o.window), time.Duration(o.step))
	if w.Evaluations() < 2 {
		return w, usageErrorf("--window must be longer than --step")
	}
	return w, nil
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
