package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/plimsoll-dev/plimsoll/internal/logs/analysis"
	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// printTable prints a report as a table.
func printTable(w io.Writer, r analysis.Report) error {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(cells ...any) {
		for i, c := range cells {
			if i > 0 {
				fmt.Fprint(t, "\t")
			}
			if text, ok := c.(string); ok {
				c = printable(text)
			}
			fmt.Fprint(t, c)
		}
		fmt.Fprintln(t)
	}
	from := "the beginning"
	if r.From != nil {
		from = *r.From
	}
	row("RANGE", from+" to "+r.To)
	printLines(row, r)
	printRequests(row, r.Requests)
	printModels(row, r.Model)
	printErrors(row, r.Errors, r.Model.ErrorTypes)
	row()
	if len(r.Advice) == 0 {
		row("ADVICE", "none")
	}
	for _, a := range r.Advice {
		row("ADVICE", fmt.Sprintf("%s (%s %s, limit %g, of %d)", a.Message, shortNumber(a.Reading), a.Unit, a.Limit, a.Samples))
		row("", "consider: "+strings.Join(a.Suggestions, "; "))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func printLines(row func(...any), r analysis.Report) {
	n := r.Lines
	row("LINES", fmt.Sprintf("%d: %d counted, %d broken, %d of another program, %d debug, %d before the range, %d in the future",
		n.Total, n.Counted, n.Broken, n.Foreign, n.Debug, n.Outside, n.Future))
	if r.Foreign != nil {
		row("", "another program's, in "+sampleText(r.Foreign))
	}
}

func printRequests(row func(...any), s stats.RequestStats) {
	row()
	row("REQUESTS", "COUNT")
	row("all", s.Total)
	for _, name := range byCount(s.Endpoints) {
		row("  "+name, s.Endpoints[name])
	}
	for _, statusClass := range slices.Sorted(maps.Keys(s.Statuses)) {
		row("  "+statusClass, s.Statuses[statusClass])
	}
	row("failed (5xx)", percent(s.ErrorPercent))
	row("duration avg", fmt.Sprintf("%.3f s", s.AvgDuration))
	row("duration p50", seconds(s.P50))
	row("duration p95", seconds(s.P95))
	row("duration p99", seconds(s.P99))
}

func printModels(row func(...any), s stats.ModelStats) {
	row()
	row("MODEL", "SUCCESS", "ERROR", "AVG", "PROMPT TOKENS", "COMPLETION TOKENS")
	for _, name := range slices.Sorted(maps.Keys(s.Calls)) {
		calls, tokens := s.Calls[name], s.Tokens[name]
		row(name, calls[metric.StatusSuccess], calls[metric.StatusError], fmt.Sprintf("%.3f s", s.AvgDuration[name]),
			fmt.Sprintf("%.0f", tokens[metric.TokenPrompt]), fmt.Sprintf("%.0f", tokens[metric.TokenCompletion]))
	}
}

func printErrors(row func(...any), s stats.ErrorStats, calls map[string]uint64) {
	row()
	row("ERRORS", "COUNT")
	row("requests", s.Total)
	for _, name := range byCount(s.Types) {
		row("  "+name, s.Types[name])
	}
	var failed uint64
	for _, n := range calls {
		failed += n
	}
	row("model calls", failed)
	for _, name := range byCount(calls) {
		row("  "+name, calls[name])
	}
	row("other lines", s.Other)
	if len(s.Recent) == 0 {
		return
	}
	row()
	row("LAST ERRORS", "TYPE", "REQUEST", "MESSAGE")
	for _, e := range s.Recent {
		message := e.Message
		if e.Error != "" {
			message += ": " + e.Error
		}
		row(e.Timestamp, cmp.Or(e.ErrorType, "-"), cmp.Or(e.RequestID, "-"), message)
	}
}

// byCount returns the names of counts, the highest first.
func byCount(counts map[string]uint64) []string {
	return slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
}

// printable returns text on one line, without control characters, and cut: files may hold anything.
func printable(text string) string {
	const longest = 160 // characters
	out := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, text))
	if len(out) > longest {
		return string(out[:longest]) + "…"
	}
	return string(out)
}

func seconds(s *float64) string {
	if s == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f s", *s)
}

// shortNumber returns a number with three digits, and without an exponent if it is large.
func shortNumber(f float64) string {
	if f >= 1000 {
		return fmt.Sprintf("%.0f", f)
	}
	return fmt.Sprintf("%.3g", f)
}

func percent(p *float64) string {
	if p == nil {
		return "-"
	}
	return fmt.Sprintf("%.2f %%", *p)
}
