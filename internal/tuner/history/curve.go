package history

import (
	"math"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// MaxPoints is how many levels a curve has at most.
const MaxPoints = 200

// Curve returns how often other levels would have fired, with the level's durations and in ascending order, and which is recommended. It
// counts each series as an alert. There are no points for a band, of which it would have to be said which side to move.
func (s *Samples) Curve(level rules.Level, value rules.Value) ([]backtest.Point, backtest.Recommendation, error) {
	w := s.window
	w.Start, w.End = w.Start.Add(-s.offset), w.End.Add(-s.offset)
	sweep, err := backtest.NewSweep(w, &rules.Plan{Value: value, Levels: []rules.Level{level}})
	if err != nil {
		return nil, backtest.Recommendation{}, err
	}
	all := func(float64) bool { return true }
	skip := func(time.Time, error) error { return nil }
	if err := s.parts(all, sweep.Ingest, skip); err != nil {
		return nil, backtest.Recommendation{}, err
	}
	recommended := sweep.Recommend(backtest.OnceAWeek)[0]
	if level.Comparison == rules.Outside {
		return nil, recommended, nil
	}
	levels := append(s.curveLevels(level), level.Value)
	if recommended.Found {
		levels = append(levels, recommended.Level.Value)
	}
	slices.Sort(levels)
	levels = slices.Compact(levels)
	points := make([]backtest.Point, len(levels))
	for i, fires := range sweep.Fires(0, levels) {
		points[i] = backtest.Point{Value: levels[i], Fires: fires}
	}
	return points, recommended, nil
}

// curveLevels chooses levels that show where fires change: the worst values of evaluations by ranks that grow, and as many from the
// worst value of all to the median of those.
func (s *Samples) curveLevels(level rules.Level) []float64 {
	worst := s.worst(level)
	if len(worst) == 0 {
		return nil
	}
	var levels []float64
	for rank := 0; rank < len(worst) && len(levels) < MaxPoints/2; rank += max(1, rank/7) {
		levels = append(levels, level.Orient(worst[rank]))
	}
	greatest, median := worst[0], worst[len(worst)/2]
	for i := len(levels); i < MaxPoints-2; i++ {
		share := float64(i) / (MaxPoints - 3)
		levels = append(levels, level.Orient(greatest*(1-share)+median*share))
	}
	return levels
}

// worst returns the worst number of each evaluation, oriented, the worst of all first; what is infinite is left out.
func (s *Samples) worst(level rules.Level) []float64 {
	all := make([]float64, s.window.Evaluations())
	for i := range all {
		all[i] = math.Inf(-1)
	}
	for i := range s.series {
		for k, b := range s.series[i].blocks {
			if b == nil {
				continue
			}
			for j, v := range b.values[:min(blockSize, len(all)-k*blockSize)] {
				if v = level.Orient(v); v > all[k*blockSize+j] {
					all[k*blockSize+j] = v
				}
			}
		}
	}
	all = slices.DeleteFunc(all, func(v float64) bool { return math.IsInf(v, 0) })
	slices.SortFunc(all, func(a, b float64) int {
		switch {
		case a > b:
			return -1
		case a < b:
			return 1
		default:
			return 0
		}
	})
	return all
}
