package main

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/picture"
	"github.com/plimsoll-dev/plimsoll/internal/plot"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// draws reports whether the output is a picture.
func (o *backtestOptions) draws() bool { return o.output.format == "svg" || o.output.format == "png" }

// checkDrawable fails unless there is one threshold or alert to draw.
func (o *backtestOptions) checkDrawable(targets []target, set alert.Set) error {
	n := len(targets)
	for _, rule := range set.Alerts {
		if o.wants(rule.Name) {
			n++
		}
	}
	if n > 1 {
		return usageErrorf("-o %s draws one AlertThreshold or alert, and there are %d: name one, or use --alert; call it once for each of several", o.output.format, n)
	}
	return nil
}

// ruleValues reads the values that the rule, which is one of b's, compares.
func ruleValues(ctx context.Context, b *promapi.RuleBacktester, rule alert.Rule) (worstSeries, error) {
	level, _ := backtest.RuleLevel(rule) // without one, the greatest value is the worst
	values := newWorstSeries(level, b.ValueWindow(rule))
	_, err := b.IngestValue(ctx, rule, values.add)
	return values, err
}

// printPicture draws what was backtested, which is one threshold or rule. What cannot be drawn is printed beside it.
func (o *backtestOptions) printPicture(all []backtested, ofRules []backtestedRule) error {
	var p picture.Picture
	var asides []string
	switch {
	case len(all) > 0:
		p, asides = all[0].picture(), all[0].Notes
	case len(ofRules) > 0:
		p, asides = ofRules[0].picture(), notes(ofRules)
	default:
		return nil // Prometheus refuses the rule, which was printed
	}
	for _, text := range asides {
		fmt.Fprintf(o.ErrOut, "note: %s\n", text)
	}
	if o.output.format == "png" {
		return p.WritePNG(o.Out)
	}
	return p.WriteSVG(o.Out)
}

func (b backtested) picture() picture.Picture {
	value := b.target.plan.Value
	p := newPicture(b.chart(), b.result, b.Backtest, value.Unit)
	p.Title, p.Axis = b.target.String(), value.Title+", worst series"
	p.Subtitle += fmt.Sprintf(", %s covered", backtest.FormatCoverage(b.result.Coverage))
	for i, level := range b.Backtest.Levels {
		p.Legends = append(p.Legends, legend(b.result.Levels[i].Level, b.result.Levels[i].Level.String(), level))
	}
	return p
}

func (b backtestedRule) picture() picture.Picture {
	level, err := backtest.RuleLevel(b.rule)
	written, axis := levelOf(b.rule), b.Expr
	if split, ok := b.rule.Split(); ok {
		axis = split.Value
	}
	if err != nil {
		level.Value, written = math.NaN(), ""
	}
	level.Severity = cmp.Or(level.Severity, b.Alert)
	p := newPicture(newChart(b.result, []rules.Level{level}, b.signal, unit.Number), b.result, b.Backtest, unit.Number)
	p.Title, p.Axis = "Alert "+b.rule.String(), axis+", worst series"
	p.Legends = []string{legend(level, written, b.Backtest.Levels[0])}
	return p
}

func newPicture(chart plot.Chart, result *backtest.Result, of *v1alpha1.Backtest, u unit.Unit) picture.Picture {
	return picture.Picture{
		Chart: chart, Unit: u,
		Subtitle: fmt.Sprintf("%s until %s, evaluated every %s", of.Window, formatTime(result.Window.End), backtest.FormatDuration(result.Window.Step)),
	}
}

// legend says what the level is, as it is written, and what it did.
func legend(level rules.Level, written string, did v1alpha1.BacktestLevel) string {
	if level.For > 0 {
		written += " for " + backtest.FormatDuration(level.For)
	}
	text := written + ": " + manifest.Count(int(did.Fires), "fire")
	if did.Fires > 0 {
		text += fmt.Sprintf(", firing %s, longest %s", did.Firing, did.Longest)
	}
	return text
}

// newChart returns the chart of the values and of what the levels did, in the result's order. A level without a number is NaN.
func newChart(result *backtest.Result, levels []rules.Level, signal worstSeries, u unit.Unit) plot.Chart {
	chart := plot.Chart{
		Start: result.Window.Start, End: result.Window.End, Values: signal.values,
		Format: func(v float64) string { return observe.Format(u, v) },
	}
	for i, level := range levels {
		line := plot.Line{Name: level.Severity, Value: level.Value}
		for _, episode := range result.Levels[i].Episodes {
			firing := plot.Span{From: episode.FiredAt, To: episode.ResolvedAt}
			if firing.To.IsZero() {
				firing.To = chart.End
			}
			line.Firing = append(line.Firing, firing)
		}
		chart.Lines = append(chart.Lines, line)
		for _, side := range level.Sides()[1:] {
			chart.Lines = append(chart.Lines, plot.Line{Value: side.Value})
		}
	}
	return chart
}
