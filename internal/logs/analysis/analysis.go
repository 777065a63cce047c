// Package analysis makes statistics of log files: the same as a running assistant makes of its own lines, by the same
// code. It reads files in one pass and in memory that does not depend on their size.
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

// Source is a log to read, gzipped or not. Whoever makes it names it in what Open and Read fail with.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Options say what is analysed.
type Options struct {
	// From and To bound the lines that count: those after From and not after To. A zero From is no bound.
	From, To time.Time
	// Read counts the bytes read so far, compressed ones as they are; nil if nobody asks.
	Read *atomic.Int64
}

// Lines says what became of the lines: Total is the sum of the others. Blank lines are none.
type Lines struct {
	Total   uint64 `json:"total"`
	Counted uint64 `json:"counted"`
	// Broken lines are not JSON objects with a timestamp and a level.
	Broken uint64 `json:"broken"`
	// Debug lines are below INFO, which statistics leave out so as not to depend on the level that is logged.
	Debug uint64 `json:"debug"`
	// Outside lines are not in the range.
	Outside uint64 `json:"outside"`
}

// Report is the statistics of log files.
type Report struct {
	stats.Report
	Lines Lines `json:"lines"`
}

// Analyze reads every source. One that fails does not keep the others from being read: the report is of all that could
// be, and the error says what could not. When ctx ends, there is no report.
func Analyze(ctx context.Context, sources []Source, o Options) (Report, error) {
	workers := runtime.GOMAXPROCS(0)
	r := newReader(workers)
	sums := make([]*worker, workers)
	var running sync.WaitGroup
	for i := range sums {
		sums[i] = &worker{from: o.From, to: o.To, parser: newParser()}
		running.Go(func() {
			for b := range r.full {
				sums[i].add(b)
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
	for _, s := range sums {
		all.merge(s)
	}
	return Report{all.totals.Report(&all.recent, o.From, o.To), all.lines}, errors.Join(errs...)
}
