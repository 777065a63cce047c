package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
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

// progress writes one line.
func (r *report) progress(w io.Writer, elapsed time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(w, "%8s  %d requests, %d answered, %d failed, %d skipped, p95 %s\n", elapsed.Round(time.Second),
		r.all.n, r.answered, r.all.n-r.answered, r.skipped, round(r.all.percentile(0.95)))
}

// table writes the closing table: one row a status, and their sum.
func (r *report) table(w io.Writer, elapsed time.Duration) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "status\tcount\tper second\tp50\tp95\tp99\tmax\t")
	row := func(name string, l *latencies) {
		fmt.Fprintf(t, "%s\t%d\t%.2f\t%s\t%s\t%s\t%s\t\n", name, l.n, float64(l.n)/max(elapsed.Seconds(), 1e-9),
			round(l.percentile(0.50)), round(l.percentile(0.95)), round(l.percentile(0.99)), round(l.max))
	}
	for _, status := range slices.Sorted(maps.Keys(r.byStatus)) {
		row(cmp.Or(map[int]string{0: "no answer"}[status], strconv.Itoa(status)), r.byStatus[status])
	}
	row("all", &r.all)
	if err := t.Flush(); err != nil {
		return err
	}
	if r.skipped > 0 {
		fmt.Fprintf(w, "%d requests were not sent: as many as --concurrency allows were waiting for their answers\n", r.skipped)
	}
	return nil
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
