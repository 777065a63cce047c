package backtest

import (
	"math"
	"slices"
	"sort"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Survey finds how often the alert of any line would have begun to fire over a window, not only of those that are drawn.
// It is fed as Replay is.
type Survey struct {
	feed   *feed
	value  rules.Value
	levels []survey
	// waterlines are those of every series, by level.
	waterlines [][]waterline
}

// NewSurvey surveys the value that the plan watches, once for each of its lines, with the line's side and durations.
func NewSurvey(w Window, plan *rules.Plan) (*Survey, error) {
	f, err := newFeed(w, plan.Levels)
	if err != nil {
		return nil, err
	}
	s := &Survey{feed: f, value: plan.Value, levels: make([]survey, len(plan.Levels)), waterlines: make([][]waterline, len(plan.Levels))}
	for i, line := range plan.Levels {
		s.levels[i].level = newReplayLevel(line, w.steps)
	}
	return s, nil
}

// Feed surveys the next part of the window; see Replay.Feed.
func (s *Survey) Feed(part model.Matrix, through time.Time) error {
	return s.feed.take(part, through, s.visit)
}

func (s *Survey) visit(p span) {
	for i := range s.levels {
		for len(s.waterlines[i]) <= p.series {
			s.waterlines[i] = append(s.waterlines[i], waterline{w: noLevel, since: p.at - p.gap})
		}
		l := &s.waterlines[i][p.series]
		l.skip(&s.levels[i], p.at-p.gap, p.gap)
		l.scan(&s.levels[i], p.at, p.facing(s.levels[i].level.level.Comparison))
	}
}

// curve is the survey of a level, sorted, with what has not ended yet.
func (s *Survey) curve(i int) survey {
	c := s.levels[i]
	c.lows, c.highs, c.peaks = slices.Clone(c.lows), slices.Clone(c.highs), slices.Clone(c.peaks)
	for series, l := range s.waterlines[i] {
		l.least.entries, l.most.entries = slices.Clone(l.least.entries), slices.Clone(l.most.entries)
		seen := s.feed.seen[series]
		l.skip(&c, seen, s.feed.next-seen)
		l.rest(&c)
	}
	slices.Sort(c.lows)
	slices.Sort(c.highs)
	slices.Sort(c.peaks)
	return c
}

// fires is how often the alert of the line begins to fire.
func (s *survey) fires(line float64) int { return beyond(s.highs, line) - beyond(s.lows, line) }

// firing is at how many evaluations an alert of the line fires.
func (s *survey) firing(line float64) int { return beyond(s.peaks, line) }

// beyond is how many of the sorted values are greater than the line.
func beyond(sorted []float64, line float64) int {
	return len(sorted) - sort.Search(len(sorted), func(i int) bool { return sorted[i] > line })
}

// quiet is the tightest line that fires at most so often, as all looser lines do; noLine if every line does. Just below a
// high one alert more begins to fire, from a low on one less, so fires can exceed the limit first just below a high.
func (s *survey) quiet(limit int) float64 {
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

// rare is the tightest line whose alerts fire at no more than so many evaluations; noLine if every line's do.
func (s *survey) rare(limit int) float64 {
	if limit >= len(s.peaks) {
		return noLevel
	}
	return s.peaks[len(s.peaks)-1-limit]
}

// floor is the least line at which an alert does not fire all the time that it could; +Inf if no alert can fire at all.
func (s *survey) floor() float64 {
	if n := beyond(s.peaks, noLevel); n > 0 {
		return s.peaks[len(s.peaks)-n]
	}
	return math.Inf(1)
}
