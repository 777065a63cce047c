package backtest

import (
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Replay evaluates alerts over a window as Prometheus would have, at each of its steps. It ingests part by part and keeps no
// samples.
//
// It begins like a Prometheus that has just started: nothing is pending or firing. A step without a sample is one at which
// the signal had no value, never one at which Prometheus was down.
type Replay struct {
	ingester *ingester
	levels   []replayLevel
	// alerts are those of every series, by level.
	alerts [][]seriesAlert
	// rule is the alerting rule whose one level this is; nil in a replay of levels.
	rule    *alert.Rule
	failed  int
	failure error
}

// NewReplay returns a replay of the levels over the window. They may be of several thresholds.
func NewReplay(w Window, levels []rules.Level) (*Replay, error) {
	f, err := newIngester(w, levels)
	if err != nil {
		return nil, err
	}
	r := &Replay{ingester: f, levels: make([]replayLevel, len(levels)), alerts: make([][]seriesAlert, len(levels))}
	for i, level := range levels {
		r.levels[i] = newReplayLevel(level, w.steps)
	}
	return r, nil
}

// Ingest replays the next part of the window: what a range query of the signal gives from a step after the part before, or from
// the window's start, to through. After an error the replay is of no more use.
func (r *Replay) Ingest(part model.Matrix, through time.Time) error {
	if r.rule != nil {
		return r.ingestRule(part, through.Add(r.rule.Offset()))
	}
	return r.ingester.ingest(part, through, r.visit)
}

func (r *Replay) visit(s segment) {
	for i := range r.levels {
		l := &r.levels[i]
		for len(r.alerts[i]) <= s.series {
			r.alerts[i] = append(r.alerts[i], seriesAlert{series: len(r.alerts[i])})
		}
		a := &r.alerts[i][s.series]
		a.skip(l, s.at-s.gap, s.gap)
		a.scan(l, s.at, s.oriented(l))
	}
}

// Result returns what the levels did up to the end of the last part that was ingested.
func (r *Replay) Result() *Result {
	f := r.ingester
	result := &Result{Window: f.ingested(), Coverage: f.coverage(), Levels: make([]LevelResult, len(r.levels)), Failed: r.failed, Failure: r.failure}
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
