package backtest

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

const (
	// OnceAWeek is how often an alert may fire when nobody says otherwise.
	OnceAWeek = 1

	// leastCovered is how long the signal must have had a value: what has not been seen by day and by night says
	// nothing. There is no least coverage, for a signal without traffic at night is known well enough.
	minCovered = 24 * time.Hour
	// greatestShare is the share of the covered time for which alerts may fire. Without it a level far below a steady
	// signal, which fires once and for ever, would pass for quiet.
	maxShare = 0.05
	// forgiven is the part of a fire that is rounded up, so that a week of which 90% is covered still allows one.
	tolerance = 0.1

	week = 7 * 24 * time.Hour
)

// Recommendation is the tightest level that would have been quiet enough, as all looser levels would have been.
type Recommendation struct {
	// Line is the present level with the recommended value, or the present one if none is found.
	Level rules.Level
	// Found says that there is a recommendation.
	Found bool
	// Because says what the recommendation rests on, or why there is none.
	Because string
	// Fires is how often the level would have fired over the window.
	Fires int
	// Curve is how often other levels would have fired, the loosest first.
	Curve []Point
}

// Point is a level, in the base unit, and how often its alert would have begun to fire over the window.
type Point struct {
	Value float64
	Fires int
}

// Recommend returns for each of the plan's levels the tightest that fires at most so often a week.
func (s *Sweep) Recommend(perWeek int) []Recommendation {
	all := make([]Recommendation, len(s.levels))
	for i := range all {
		c := s.curve(i)
		all[i] = s.recommend(&c, perWeek, s.limit(perWeek))
	}
	return all
}

// limit is how often a level may fire over the covered time.
func (s *Sweep) limit(perWeek int) int {
	covered := s.ingester.coverage() * s.ingester.ingested().Length().Hours()
	return int(float64(perWeek)*covered/week.Hours() + tolerance)
}

// recommend returns the tightest level that fires at most so often in all, which is so often a week.
func (s *Sweep) recommend(c *levelSweep, perWeek, limit int) Recommendation {
	r := Recommendation{Level: c.level.level}
	if r.Level.Comparison == rules.Outside {
		r.Because = "none is made for a level with both above and below: which of the two to move is for you to say"
		return r
	}
	length, coverage := s.ingester.ingested().Length(), s.ingester.coverage()
	over := fmt.Sprintf("over %s (%s covered)", FormatDuration(length), FormatCoverage(coverage))
	covered := time.Duration(coverage * float64(length))
	tightest := max(c.maxFiresBound(limit), c.maxShareBound(int(maxShare*coverage*float64(s.ingester.next))))
	value, possible := s.round(c, tightest)
	switch {
	case covered < minCovered && s.value.EmptyWhenHealthy:
		r.Because = "the expression has no value while all is well, so that what other levels would do is not known: leave its comparison out"
	case covered < minCovered:
		r.Because = fmt.Sprintf("the signal must have had a value for at least %s: it had one for %s %s",
			FormatDuration(minCovered), FormatDuration(covered.Truncate(time.Second)), over)
	case tightest <= c.minLevel():
		r.Because = fmt.Sprintf("the value tells no level from another: it hardly changed %s", over)
	case !possible:
		r.Because = fmt.Sprintf("no level %s which the value can cross fires so seldom %s", c.level.level.Comparison, over)
	default:
		r.Found, r.Level.Value, r.Fires = true, value, c.fires(c.level.orient(value))
		r.Because = fmt.Sprintf("fires at most %s a week %s", FormatTimes(perWeek), over)
		if limit == 0 {
			r.Because = "does not fire " + over
		}
	}
	r.Curve = s.points(c, r.Level.Value)
	return r
}

// FormatTimes writes how often, as once, twice or 3 times.
func FormatTimes(n int) string {
	switch n {
	case 1:
		return "once"
	case 2:
		return "twice"
	default:
		return fmt.Sprintf("%d times", n)
	}
}

// orient turns a value so that a greater one is worse, or turns it back.
func (l replayLevel) orient(value float64) float64 { return l.level.Orient(value) }

// round gives the level as people would write it, with two digits or, where that is out of the value's range, with as
// many as it takes; never a tighter one. It is not possible if the value cannot cross the level.
func (s *Sweep) round(c *levelSweep, level float64) (value float64, possible bool) {
	for digits := 2; digits <= 17; digits++ {
		value = c.level.written(level, digits)
		if s.crossable(c.level.level.Comparison, value) {
			return value, true
		}
	}
	return 0, false
}

// written is a level with so many digits that is not tighter, as it is read again once it has been written in its unit,
// which may be a little less: 0.35% is not quite 0.0035.
func (l replayLevel) written(level float64, digits int) float64 {
	scale := l.level.Unit.Scale(level)
	up := roundUp(level/scale, digits) * scale
	for {
		text := l.level.Unit.Format(l.orient(up))
		value, err := l.level.Unit.Parse(text)
		if err != nil {
			return l.orient(up) // out of the unit's range, so that nothing crosses it
		}
		if l.orient(value) >= level {
			return value
		}
		up = roundUp(math.Nextafter(up/scale, math.Inf(1)), digits) * scale
	}
}

// crossable says whether the value can be on either side of the level.
func (s *Sweep) crossable(side rules.Comparison, level float64) bool {
	least, greatest := s.value.Min, s.value.Max
	if side == rules.Below {
		return least < level && level <= greatest && !math.IsInf(level, 0)
	}
	return least <= level && level < greatest && !math.IsInf(level, 0)
}

// points chooses levels that show where fires change: around the present level, and the highest peaks, the next of which
// fires when the level comes below one.
func (s *Sweep) points(c *levelSweep, recommended float64) []Point {
	present := c.level.level.Value
	levels := []float64{present, recommended}
	for _, factor := range []float64{0.5, 0.75, 0.9, 1.1, 1.25, 1.5, 2} {
		levels = append(levels, c.level.written(c.level.orient(factor*present), 2))
	}
	for _, rank := range []int{1, 2, 3, 5, 10, 20, 50, 100} {
		if rank <= len(c.highs) {
			levels = append(levels, c.level.written(c.highs[len(c.highs)-rank], 2))
		}
	}
	levels = slices.DeleteFunc(levels, func(v float64) bool { return !s.crossable(c.level.level.Comparison, v) })
	slices.SortFunc(levels, func(a, b float64) int { return cmp.Compare(c.level.orient(b), c.level.orient(a)) })
	levels = slices.Compact(levels)
	points := make([]Point, len(levels))
	for i, v := range levels {
		points[i] = Point{Value: v, Fires: c.fires(c.level.orient(v))}
	}
	return points
}
