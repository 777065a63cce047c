// Package analysis computes statistics of log files, by the same code as a running assistant. It reads files in one pass
// and in bounded memory.
package analysis

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
)

// ClockTolerance is how far the clock that wrote a line may be ahead of ours.
const ClockTolerance = 5 * time.Minute

// Source is a log to read, gzipped or not, with the prefixes of container runtimes and kubectl or without.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Options configure Analyze.
type Options struct {
	// From and To bound the lines that count: those after From, where zero is no bound, and not after To, which is now,
	// by more than ClockTolerance.
	From, To time.Time
	// Read counts the bytes read so far, before decompression; optional.
	Read *atomic.Int64
}

// Lines counts the lines, without blank ones. Total is the sum of the others.
type Lines struct {
	Total   uint64 `json:"total"`
	Counted uint64 `json:"counted"`
	// Broken lines are not JSON objects, or their timestamp or level cannot be read.
	Broken uint64 `json:"broken"`
	// Foreign lines are JSON of another program.
	Foreign uint64 `json:"foreign"`
	// Debug lines are below stats.MinLevel.
	Debug uint64 `json:"debug"`
	// Outside lines are from before the range, Future lines from after now.
	Outside uint64 `json:"outside"`
	Future  uint64 `json:"future"`
}

// Sample is a line of a source, cut if it is long.
type Sample struct {
	Source string `json:"source"`
	Line   string `json:"line"`
}

// Report is the statistics of log files.
type Report struct {
	stats.Report
	Lines Lines `json:"lines"`
	// Foreign is the first line of another program; nil for none.
	Foreign *Sample `json:"foreign_sample,omitempty"`
}

// Analyze reads every source. If one fails, the report is of the others, and the error says what could not be read. If ctx
// ends, there is no report.
func Analyze(ctx context.Context, sources []Source, o Options) (Report, error) {
	workers := runtime.GOMAXPROCS(0)
	r := newReader(workers)
	counting := make([]*worker, workers)
	var running sync.WaitGroup
	for i := range counting {
		counting[i] = &worker{from: o.From, future: o.To.Add(ClockTolerance), parser: newParser()}
		running.Go(func() {
			for b := range r.full {
				counting[i].add(b)
				r.free <- b
			}
		})
	}
	var all worker
	var errs []error
	for _, s := range sources {
		tooLong, err := r.source(ctx, s, o.Read)
		all.lines.Total += tooLong
		all.lines.Broken += tooLong
		if err != nil {
			errs = append(errs, fmt.Errorf("reading %s: %w", s.Name, err))
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(r.full)
	running.Wait()
	if err := ctx.Err(); err != nil {
		return Report{}, err
	}
	for _, w := range counting {
		all.merge(w)
	}
	return all.report(o), errors.Join(errs...)
}

func (w *worker) report(o Options) Report {
	r := Report{Report: w.totals.Report(&w.recent, o.From, o.To), Lines: w.lines}
	if w.foreign.Line != "" {
		r.Foreign = &w.foreign.Sample
	}
	if n := w.lines.Future; n > 0 {
		r.Advice = append(r.Advice, clockAdvice(n, w.latest.Sub(o.To)))
	}
	return r
}

// clockAdvice is about n lines in the future, the last of them so far ahead.
func clockAdvice(n uint64, ahead time.Duration) stats.Advice {
	lines := "1 line is"
	if n > 1 {
		lines = fmt.Sprintf("%d lines are", n)
	}
	return stats.Advice{
		Reason:  "clock_ahead",
		Message: lines + " in the future: a clock is ahead, or local time is logged without its zone.",
		Reading: ahead.Seconds(), Limit: ClockTolerance.Seconds(), Unit: "seconds", Samples: n,
		Suggestions: []string{"synchronize the clocks of the nodes", "log in UTC or with the zone"},
	}
}
