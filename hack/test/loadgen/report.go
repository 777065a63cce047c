package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// outcome is how a request ended.
type outcome struct {
	// status is the HTTP status, 0 if there was no answer.
	status  int
	elapsed time.Duration
}

func (o outcome) ok() bool { return o.status >= 200 && o.status < 300 }

// report gathers outcomes. It is safe for concurrent use.
type report struct {
	mu       sync.Mutex
	byStatus map[int]*latencies
	all      latencies
	answered int // with a 2xx
	skipped  int
}

func newReport() *report { return &report{byStatus: map[int]*latencies{}} }

func (r *report) add(o outcome) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byStatus[o.status] == nil {
		r.byStatus[o.status] = &latencies{}
	}
	r.byStatus[o.status].add(o.elapsed)
	r.all.add(o.elapsed)
	if o.ok() {
		r.answered++
	}
}

// skip notes requests that were due while too many were in flight.
func (r *report) skip(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.skipped += n
}

// progress is one line about what was done so far.
func (r *report) progress(elapsed time.Duration) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return fmt.Sprintf("%8s  %d requests, %d answered, %d failed, %d skipped, p95 %s\n", elapsed.Round(time.Second),
		r.all.n, r.answered, r.all.n-r.answered, r.skipped, round(r.all.percentile(0.95)))
}

// table is the closing table: one row a status, and their sum.
func (r *report) table(elapsed time.Duration) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, l *latencies) {
		_, _ = fmt.Fprintf(t, "%s\t%d\t%.2f\t%s\t%s\t%s\t%s\t\n", name, l.n, float64(l.n)/max(elapsed.Seconds(), 1e-9),
			round(l.percentile(0.50)), round(l.percentile(0.95)), round(l.percentile(0.99)), round(l.max))
	}
	_, _ = fmt.Fprintln(t, "status\tcount\tper second\tp50\tp95\tp99\tmax\t")
	for _, status := range slices.Sorted(maps.Keys(r.byStatus)) {
		name := strconv.Itoa(status)
		if status == 0 {
			name = "no answer"
		}
		row(name, r.byStatus[status])
	}
	row("all", &r.all)
	_ = t.Flush() // a strings.Builder takes everything
	if r.skipped > 0 {
		fmt.Fprintf(&b, "%d due requests were not sent: --concurrency others were waiting for answers\n", r.skipped)
	}
	return b.String()
}

// round leaves three digits or so, what a person reads.
func round(d time.Duration) time.Duration {
	switch {
	case d >= 10*time.Second:
		return d.Round(100 * time.Millisecond)
	case d >= time.Second:
		return d.Round(10 * time.Millisecond)
	case d >= time.Millisecond:
		return d.Round(100 * time.Microsecond)
	default:
		return d.Round(time.Microsecond)
	}
}
