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

// queryRange returns the window in whole steps.
func (o *windowOptions) queryRange() (promapi.Range, error) {
	end := time.Time(o.end)
	if end.IsZero() {
		end = time.Now()
	}
	r := promapi.Range{Start: end.Add(-time.Duration(o.window)), End: end, Step: time.Duration(o.step)}.Align()
	if r.Points() < 2 {
		return r, usageErrorf("--window must be longer than --step")
	}
	return r, nil
}

// query reads the values of the plan's signal and hands them over part by part, in order. A terminal shows the progress.
func (c *cli) query(ctx context.Context, from *promapi.Client, plan *rules.Plan, r promapi.Range, feeds ...func(model.Matrix, time.Time) error) error {
	terminal := isTerminal(c.ErrOut)
	for chunk, err := range from.QueryRange(ctx, plan.Value.Expr, r) {
		if err != nil {
			return err
		}
		for _, feed := range feeds {
			if err := feed(chunk.Series, chunk.End); err != nil {
				return err
			}
		}
		if terminal {
			fmt.Fprintf(c.ErrOut, "\r%s/%s: read %s of %s \x1b[K", plan.Namespace, plan.Name,
				backtest.FormatDuration(chunk.End.Sub(r.Start)), backtest.FormatDuration(r.End.Sub(r.Start)))
		}
	}
	if terminal {
		fmt.Fprint(c.ErrOut, "\r\x1b[K")
	}
	return nil
}

// toBacktest converts the window.
func toBacktest(r promapi.Range) backtest.Window {
	return backtest.Window{Start: r.Start, End: r.End, Step: r.Step}
}
