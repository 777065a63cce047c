package backtest

import (
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Replay evaluates alerts over a window as Prometheus would have, had it evaluated the rules at just these times. It is
// fed part by part, keeps no samples, and so can wait for the next part, and go on after an error in getting it.
//
// It begins like a Prometheus that has just started: what was pending or firing before the window is not known. Nor is
// there a Prometheus that was down: a step without a sample is one at which the signal had no value.
type Replay struct {
	ingester *ingester
	levels   []replayLevel
	// alerts are those of every series, by level.
	alerts [][]alert
}

// NewReplay replays the lines over the window. The lines need not be one threshold's: a proposed line may be replayed
// beside the present one.
func NewReplay(w Window, lines []rules.Level) (*Replay, error) {
	f, err := newIngester(w, lines)
	if err != nil {
		return nil, err
	}
	r := &Replay{ingester: f, levels: make([]replayLevel, len(lines)), alerts: make([][]alert, len(lines))}
	for i, line := range lines {
		r.levels[i] = newReplayLevel(line, w.steps)
	}
	return r, nil
}

// Feed replays the next part of the window: what a range query of the signal's expression gives from a step after the
// part before, or from the window's start, to through. A series that has no samples in a part is left out of it. After
// an error the replay is of no more use.
func (r *Replay) Ingest(part model.Matrix, through time.Time) error {
	return r.ingester.ingest(part, through, r.visit)
}

func (r *Replay) visit(s segment) {
	for i := range r.levels {
		l := &r.levels[i]
		for len(r.alerts[i]) <= s.series {
			r.alerts[i] = append(r.alerts[i], alert{series: len(r.alerts[i])})
		}
		a := &r.alerts[i][s.series]
		a.skip(l, s.at-s.gap, s.gap)
		a.scan(l, s.at, s.oriented(l.level.Comparison))
	}
}

// Result is what the lines did up to the end of the last part that was fed.
func (r *Replay) Result() *Result {
	f := r.ingester
	result := &Result{Window: f.ingested(), Coverage: f.coverage(), Levels: make([]LevelResult, len(r.levels))}
	for i, l := range r.levels {
		l.episodes = slices.Clone(l.episodes) // those that have not ended are for this result only
		for _, a := range r.alerts[i] {
			a.skip(&l, f.seen[a.series], f.next-f.seen[a.series])
			if a.state == firing {
				a.resolve(&l, none)
			}
		}
		result.Levels[i] = f.summarise(l)
	}
	return result
}
