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

// Source is a log to read, gzipped or not.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// Options configure Analyze.
type Options struct {
	// From and To bound the lines that count: those after From and not after To. A zero From is no bound.
	From, To time.Time
	// Read counts the bytes read so far, before decompression; optional.
	Read *atomic.Int64
}

// Lines counts the lines, without blank ones. Total is the sum of the others.
type Lines struct {
	Total   uint64 `json:"total"`
	Counted uint64 `json:"counted"`
	// Broken lines are not JSON objects with a timestamp and a level.
	Broken uint64 `json:"broken"`
	// Debug lines are below stats.MinLevel.
	Debug uint64 `json:"debug"`
	// Outside lines are not in the range.
	Outside uint64 `json:"outside"`
}

// Report is the statistics of log files.
type Report struct {
	stats.Report
	Lines Lines `json:"lines"`
}

// Analyze reads every source. If one fails, the report is of the others, and the error says what could not be read. If ctx
// ends, there is no report.
func Analyze(ctx context.Context, sources []Source, o Options) (Report, error) {
	workers := runtime.GOMAXPROCS(0)
	r := newReader(workers)
	counting := make([]*worker, workers)
	var running sync.WaitGroup
	for i := range counting {
		counting[i] = &worker{from: o.From, to: o.To, parser: newParser()}
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
	return Report{all.totals.Report(&all.recent, o.From, o.To), all.lines}, errors.Join(errs...)
}
