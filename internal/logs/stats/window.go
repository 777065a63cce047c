package stats

import (
	"log/slog"
	"sync"
	"time"
)

// A window keeps sums of ten seconds for an hour, and of two minutes for a day: less than five megabytes at any traffic.
const (
	fineWidth, fineLookback     = 10 * time.Second, time.Hour
	coarseWidth, coarseLookback = 2 * time.Minute, 24 * time.Hour
)

// MaxLookback is how far back a window reaches.
const MaxLookback = coarseLookback

// Window keeps the statistics of the last day in bounded memory. It is safe for concurrent use.
type Window struct {
	now   func() time.Time
	began time.Time

	mu           sync.Mutex
	fine, coarse ring
	recent       Recent
	order        uint64
}

// NewWindow returns an empty window with the clock now.
func NewWindow(now func() time.Time) *Window {
	return &Window{now: now, began: now(), fine: newRing(fineWidth, fineLookback), coarse: newRing(coarseWidth, coarseLookback)}
}

// Add counts a line, unless it is older than the window.
func (w *Window) Add(e *Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range []*ring{&w.fine, &w.coarse} {
		if b := r.at(e.Time); b != nil {
			b.totals.Add(e)
		}
	}
	if e.Level >= slog.LevelError {
		w.recent.Add(e, w.order)
		w.order++
	}
}

// Report returns the statistics of the last lookback, at most MaxLookback. It starts at a bucket: up to ten seconds early, or two
// minutes for more than an hour.
func (w *Window) Report(lookback time.Duration) Report {
	var totals Totals
	w.mu.Lock()
	defer w.mu.Unlock()
	to := w.now()
	r := w.ringFor(lookback)
	from := r.start(to.Add(-lookback))
	for b := range r.since(from) {
		totals.Merge(&b.totals)
	}
	if from.Before(w.began) {
		from = w.began
	}
	report := totals.Report(&w.recent, from, to)
	cpu, memory := w.sustained(to)
	report.Advice = append(report.Advice, resourceAdvice(cpu, memory)...)
	return report
}

func (w *Window) ringFor(lookback time.Duration) *ring {
	if lookback <= fineLookback {
		return &w.fine
	}
	return &w.coarse
}
