package main

import (
	"fmt"
	"io"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/plot"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// print writes a table of the levels, and a chart of the signal and its levels.
func (b backtested) print(w io.Writer, width int) error {
	r := b.result
	fmt.Fprintf(w, "%s, %s over %s until %s, evaluated every %s, %s covered\n\n", b.target, b.target.plan.Value.Title,
		backtest.FormatDuration(r.Window.Length()), formatTime(r.Window.End), backtest.FormatDuration(r.Window.Step),
		backtest.FormatCoverage(r.Coverage))
	table := printers.GetNewTabWriter(w)
	fmt.Fprintln(table, "SEVERITY\tLEVEL\tFIRES\tFIRING\tLONGEST\tLAST FIRED\tWORST SERIES")
	for i, level := range b.Backtest.Levels {
		lastFired := "-"
		if level.LastFired != nil {
			lastFired = formatTime(level.LastFired.Time)
		}
		fmt.Fprintf(table, "%s\t%s\t%d\t%s\t%s\t%s\t%s\n", level.Severity, r.Levels[i].Level, level.Fires,
			level.Firing, orDash(level.Longest), lastFired, formatSeries(level.WorstLabels))
	}
	if err := table.Flush(); err != nil {
		return err
	}
	printNotes(w, b.Notes)
	if r.Coverage == 0 {
		return nil
	}
	_, err := fmt.Fprintf(w, "\n%s", b.chart().Draw(width))
	return err
}

// printNotes writes notes below a table.
func printNotes(w io.Writer, notes []string) {
	for i, note := range notes {
		if i == 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintf(w, "note: %s\n", note)
	}
}

func (b backtested) chart() plot.Chart {
	return newChart(b.result, b.target.plan.Levels, b.signal, b.target.plan.Value.Unit)
}

// formatTime formats a time to the minute and in UTC, as the chart does.
func formatTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// formatSeries formats the labels that distinguish a series of a threshold; a dash without any.
func formatSeries(set map[string]string) string {
	return formatLabels(labels.NewBuilder(labels.FromMap(set)).Del(rules.NamespaceLabel).Labels())
}

func formatLabels(set labels.Labels) string {
	if set.IsEmpty() {
		return "-"
	}
	return set.String()
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}
