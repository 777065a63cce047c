package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report prints what was tried, how often and what was lost, and is an error if anything was.
func (r *result) report(out io.Writer, growth float64) error {
	var b strings.Builder
	r.printScenarios(&b)
	check := &checks{out: tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)}
	fmt.Fprintln(check.out, "CHECKED\tHOW OFTEN\tLOST\t")
	check.of("requests answered as scripted", r.counters.all.tried, r.counters.all.lost, r.counters.failures.first...)
	check.of("calls told alike by client and stand-in", r.calls.matched, r.calls.failures.n, r.calls.failures.first...)
	asked, called := r.calls.leftOver()
	check.of("calls known to one of them only", asked+called, asked+called)
	check.of("series of /metrics equal to the ledger", r.series, len(r.differences), r.differences...)
	scrapes := len(r.scrapes.took) + r.scrapes.missed.n
	check.of("scrapes, one a second", scrapes, r.scrapes.missed.n, r.scrapes.missed.first...)
	check.failed("the assistant's end", r.stopping)
	t, err := trendOf(r.scrapes.rss)
	check.failed("memory", err)
	if err == nil {
		check.failed("memory", t.check(growth/100))
	}
	check.failed("goroutines", r.rest.check())
	_ = check.out.Flush() // a strings.Builder takes everything
	fmt.Fprintf(&b, "\n%d requests in %s, %.0f a second; counted by status: %s; unexplained 5xx: %d\n", r.counters.all.tried,
		r.elapsed.Round(time.Second), float64(r.counters.all.tried)/r.elapsed.Seconds(), byStatus(r.counters.statuses), r.counters.surprise)
	fmt.Fprintf(&b, "scrape: p50 %s, p99 %s\n", percentile(r.scrapes.took, .5), percentile(r.scrapes.took, .99))
	fmt.Fprintf(&b, "after the warm-up, first third to last: rss %.1f to %.1f MiB (%+.1f %%, at most %g %%); goroutines at rest: %.0f before, %.0f after\n",
		t.first/(1<<20), t.last/(1<<20), 100*t.growth(), growth, r.rest.before, r.rest.after)
	_, err = io.WriteString(out, b.String())
	return errors.Join(append(check.errs, err)...)
}

// printScenarios prints the table of scenarios: a row for each name, a column for each form.
func (r *result) printScenarios(b *strings.Builder) {
	table := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	forms := []form{chat, whole, stream, plain}
	fmt.Fprint(table, "TRIED\t")
	for _, f := range forms {
		fmt.Fprintf(table, "%s\t", f)
	}
	fmt.Fprintln(table, "LOST\t")
	var names []string
	for _, w := range scenarios() {
		if !slices.Contains(names, w.name) {
			names = append(names, w.name)
		}
	}
	for _, name := range names {
		lost := 0
		fmt.Fprintf(table, "%s\t", name)
		for _, f := range forms {
			s := r.counters.cells[tableCell{name, f}]
			lost += s.lost
			if s.tried == 0 {
				fmt.Fprint(table, "-\t")
			} else {
				fmt.Fprintf(table, "%d\t", s.tried)
			}
		}
		fmt.Fprintf(table, "%d\t\n", lost)
	}
	_ = table.Flush()
	fmt.Fprintln(b)
}

// checks are the rows of the second table.
type checks struct {
	out  *tabwriter.Writer
	errs []error
}

func (c *checks) of(what string, tried, lost int, details ...string) {
	fmt.Fprintf(c.out, "%s\t%d\t%d\t\n", what, tried, lost)
	if lost > 0 {
		c.errs = append(c.errs, fmt.Errorf("%s: %d of %d lost\n  %s", what, lost, tried, strings.Join(details, "\n  ")))
	}
}

func (c *checks) failed(what string, err error) {
	if err != nil {
		c.errs = append(c.errs, fmt.Errorf("%s: %w", what, err))
	}
}

func byStatus(counts map[int]int) string {
	var all []string
	for _, status := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, fmt.Sprintf("%d %d times", status, counts[status]))
	}
	return strings.Join(all, ", ")
}

func percentile(took []time.Duration, p float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(took))
	return sorted[min(len(sorted)-1, int(p*float64(len(sorted))))].Round(10 * time.Microsecond)
}
