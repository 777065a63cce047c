package tuner

import (
	"math"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// maxPoints is how many levels a curve has at most.
const maxPoints = 200

type curveAnswer struct {
	// Points are in ascending order of levels.
	Points  []curvePoint `json:"points"`
	Present *float64     `json:"present"`
	// Recommended is nil when there is none, and Absent says why.
	Recommended *recommendation `json:"recommended"`
	Absent      string          `json:"absent,omitempty"`
	// Inexact says why a replay of the levels counts otherwise.
	Inexact string `json:"inexact,omitempty"`
}

type curvePoint struct {
	Level float64 `json:"level"`
	Fires int     `json:"fires"`
}

type recommendation struct {
	curvePoint
	Why string `json:"why"`
}

// curve returns how often other levels would have fired, with the level's durations, and which is recommended.
func (s *Samples) curve(level rules.Level, value rules.Value) (curveAnswer, error) {
	w := s.window
	w.Start, w.End = w.Start.Add(-s.offset), w.End.Add(-s.offset)
	sweep, err := backtest.NewSweep(w, &rules.Plan{Value: value, Levels: []rules.Level{level}})
	if err != nil {
		return curveAnswer{}, err
	}
	all := func(float64) bool { return true }
	skip := func(time.Time, error) error { return nil }
	if err := s.parts(all, sweep.Ingest, skip); err != nil {
		return curveAnswer{}, err
	}
	answer := curveAnswer{Points: []curvePoint{}, Present: &level.Value}
	r := sweep.Recommend(backtest.OnceAWeek)[0]
	levels := []float64{level.Value}
	if r.Found {
		answer.Recommended = &recommendation{curvePoint{r.Level.Value, r.Fires}, r.Because}
		levels = append(levels, r.Level.Value)
	} else {
		answer.Absent = r.Because
	}
	if level.Comparison == rules.Outside {
		answer.Present = nil
		return answer, nil
	}
	levels = append(levels, s.curveLevels(level)...)
	slices.Sort(levels)
	levels = slices.Compact(levels)
	for i, fires := range sweep.Fires(0, levels) {
		answer.Points = append(answer.Points, curvePoint{levels[i], fires})
	}
	return answer, nil
}

// curveLevels chooses levels that show where fires change: the worst values of evaluations by ranks that grow, and as many from the
// worst value of all to the median of those.
func (s *Samples) curveLevels(level rules.Level) []float64 {
	worst := s.worst(level)
	if len(worst) == 0 {
		return nil
	}
	var levels []float64
	for rank := 0; rank < len(worst) && len(levels) < maxPoints/2; rank += max(1, rank/7) {
		levels = append(levels, level.Orient(worst[rank]))
	}
	greatest, median := worst[0], worst[len(worst)/2]
	for i := len(levels); i < maxPoints-2; i++ {
		share := float64(i) / (maxPoints - 3)
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
