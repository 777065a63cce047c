package history

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Drawn is a series as it is drawn.
type Drawn struct {
	// Index is that of Result.SeriesFires.
	Index  int
	Labels model.Metric
	// Name is what tells it from the others.
	Name string
	// Min and Max are the least and the greatest number of each bucket of time; NaN where there is none.
	Min, Max []float64
}

// Draw returns the series with the worst values by the level, at most limit, in so many buckets of time at most, and where those begin.
func (s *Samples) Draw(level rules.Level, width, limit int) (all []Drawn, times []time.Time) {
	type ranked struct {
		series int
		worst  float64
	}
	order := make([]ranked, len(s.series))
	for i := range s.series {
		least, greatest := s.series[i].extremes()
		order[i] = ranked{i, math.Inf(-1)}
		if least <= greatest {
			order[i].worst = max(level.Orient(least), level.Orient(greatest))
		}
	}
	slices.SortFunc(order, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.worst, a.worst), cmp.Compare(s.series[a.series].key, s.series[b.series].key))
	})
	n := s.window.Evaluations()
	width = min(width, n)
	for i := range width {
		times = append(times, s.at(i*n/width))
	}
	for _, r := range order[:min(limit, len(order))] {
		one := &s.series[r.series]
		drawn := Drawn{r.series, one.metric, one.name, make([]float64, width), make([]float64, width)}
		for i := range width {
			drawn.Min[i], drawn.Max[i] = one.between(i*n/width, (i+1)*n/width)
		}
		all = append(all, drawn)
	}
	return all, times
}

// between returns the least and the greatest number at evaluations from one up to another; NaN when there is none.
func (s *series) between(from, to int) (least, greatest float64) {
	least, greatest = math.Inf(1), math.Inf(-1)
	for from < to {
		end := min(to, from-from%blockSize+blockSize)
		if from/blockSize >= len(s.blocks) {
			break
		}
		switch b := s.blocks[from/blockSize]; {
		case b == nil:
		case end-from == blockSize:
			least, greatest = min(least, b.min), max(greatest, b.max)
		default:
			for _, v := range b.values[from%blockSize : (end-1)%blockSize+1] {
				if v < least {
					least = v
				}
				if v > greatest {
					greatest = v
				}
			}
		}
		from = end
	}
	if least > greatest {
		return math.NaN(), math.NaN()
	}
	return least, greatest
}
