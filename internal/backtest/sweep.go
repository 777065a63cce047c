package backtest

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Sweep finds how often the alert of any level would have begun to fire over a window. It ingests as Replay does.
type Sweep struct {
	ingester *ingester
	value    rules.Value
	levels   []levelSweep
	// maxFirings are those of every series, by level.
	maxFirings [][]maxFiring
}

// NewSweep returns a sweep of the plan's value: one for each of its levels, with the level's comparison and durations.
func NewSweep(w Window, plan *rules.Plan) (*Sweep, error) {
	f, err := newIngester(w, plan.Levels)
	if err != nil {
		return nil, err
	}
	s := &Sweep{ingester: f, value: plan.Value, levels: make([]levelSweep, len(plan.Levels)), maxFirings: make([][]maxFiring, len(plan.Levels))}
	for i, level := range plan.Levels {
		s.levels[i].level = newReplayLevel(level, w.steps)
	}
	return s, nil
}

// Ingest sweeps the next part of the window; see Replay.Ingest.
func (s *Sweep) Ingest(part model.Matrix, through time.Time) error {
	return s.ingester.ingest(part, through, s.visit)
}

func (s *Sweep) visit(p segment) {
	for i := range s.levels {
		for len(s.maxFirings[i]) <= p.series {
			s.maxFirings[i] = append(s.maxFirings[i], maxFiring{w: noLevel, since: p.at - p.gap})
		}
		l := &s.maxFirings[i][p.series]
		l.skip(&s.levels[i], p.at-p.gap, p.gap)
		l.scan(&s.levels[i], p.at, p.oriented(&s.levels[i].level))
	}
}

// curve returns the sweep of a level, sorted, with what has not ended yet.
func (s *Sweep) curve(i int) levelSweep {
	c := s.levels[i]
	c.lows, c.highs, c.peaks = slices.Clone(c.lows), slices.Clone(c.highs), slices.Clone(c.peaks)
	for series, l := range s.maxFirings[i] {
		l.least.entries, l.most.entries = slices.Clone(l.least.entries), slices.Clone(l.most.entries)
		seen := s.ingester.seen[series]
		l.skip(&c, seen, s.ingester.next-seen)
		l.endRise(&c)
	}
	slices.Sort(c.lows)
	slices.Sort(c.highs)
	slices.Sort(c.peaks)
	return c
}

// fires returns how often the alert of the level begins to fire.
func (s *levelSweep) fires(level float64) int {
	return countAbove(s.highs, level) - countAbove(s.lows, level)
}

// firing returns at how many evaluations an alert of the level fires.
func (s *levelSweep) firing(level float64) int { return countAbove(s.peaks, level) }

// countAbove returns how many of the sorted values are greater than the level.
func countAbove(sorted []float64, level float64) int {
	return len(sorted) - sort.Search(len(sorted), func(i int) bool { return sorted[i] > level })
}

// maxFiresBound returns the tightest level that fires at most so often, as all looser ones do; noLevel if every level does. Just
// below a high one more alert begins to fire, from a low on one less, so fires first exceed the limit just below a high.
func (s *levelSweep) maxFiresBound(limit int) float64 {
	lows := len(s.lows)
	for i := len(s.highs) - 1; i >= 0; i-- {
		for lows > 0 && s.lows[lows-1] >= s.highs[i] {
			lows--
		}
		if (len(s.highs)-i)-(len(s.lows)-lows) > limit {
			return s.highs[i]
		}
	}
	return noLevel
}

// maxShareBound returns the tightest level whose alerts fire at no more than so many evaluations; noLevel if every level's do.
func (s *levelSweep) maxShareBound(limit int) float64 {
	if limit >= len(s.peaks) {
		return noLevel
	}
	return s.peaks[len(s.peaks)-1-limit]
}

// minLevel returns the least level at which an alert does not fire all the time that it could; +Inf if no alert can fire at all.
func (s *levelSweep) minLevel() float64 {
	if n := countAbove(s.peaks, noLevel); n > 0 {
		return s.peaks[len(s.peaks)-n]
	}
	return math.Inf(1)
}

// Fires returns how often the alert of the i-th level would have begun to fire if it had each of the values.
func (s *Sweep) Fires(i int, values []float64) []int {
	c, fires := s.curve(i), make([]int, len(values))
	for j, v := range values {
		fires[j] = c.fires(c.level.orient(v))
	}
	return fires
}
