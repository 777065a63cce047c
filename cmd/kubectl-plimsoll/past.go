package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/prometheus/common/model"
	"github.com/spf13/cobra"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// pastOptions say which time is looked back over.
type pastOptions struct {
	prometheus   prometheusOptions
	window, step duration
	end          instant
}

func newPast() pastOptions {
	return pastOptions{window: duration(7 * 24 * time.Hour), step: duration(30 * time.Second)}
}

func (o *pastOptions) register(cmd *cobra.Command) {
	o.prometheus.register(cmd)
	cmd.Flags().Var(&o.window, "window", "time to look back over")
	cmd.Flags().Var(&o.step, "step", "time between two evaluations: that of Prometheus' rules")
	cmd.Flags().Var(&o.end, "end", "time at which the window ends, as 2006-01-02T15:04:05Z (default now)")
}

// span is the window in whole steps.
func (o *pastOptions) span(cmd *cobra.Command) (promapi.Range, error) {
	end := time.Time(o.end)
	if end.IsZero() {
		end = time.Now()
	}
	r := promapi.Range{Start: end.Add(-time.Duration(o.window)), End: end, Step: time.Duration(o.step)}.Align()
	if r.Points() < 2 {
		return r, usageError(cmd, errors.New("--window must be longer than --step"))
	}
	return r, nil
}

// read asks Prometheus for the value that the plan watches and hands it over part by part, in order.
func read(ctx context.Context, from *promapi.Client, plan *rules.Plan, r promapi.Range, stderr io.Writer, feeds ...func(model.Matrix, time.Time) error) error {
	terminal := isTerminal(stderr)
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
			fmt.Fprintf(stderr, "\r%s/%s: read %s of %s \x1b[K", plan.Namespace, plan.Name,
				backtest.FormatDuration(chunk.End.Sub(r.Start)), backtest.FormatDuration(r.End.Sub(r.Start)))
		}
	}
	if terminal {
		fmt.Fprint(stderr, "\r\x1b[K")
	}
	return nil
}

func window(r promapi.Range) backtest.Window {
	return backtest.Window{Start: r.Start, End: r.End, Step: r.Step}
}
