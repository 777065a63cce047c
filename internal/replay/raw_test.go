package replay

import (
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
)

// grid is how far apart raw samples can lie.
const grid = 5 * time.Second

// rawSeries is what scrapes store: a value, or gone, for every point of the grid from the window's start.
type rawSeries struct {
	labels labels.Labels
	values []float64
}

// series makes up a raw series: a gauge, or a counter that grows at the gauge's value a second and is now and then reset.
// It stays on one value for a while or flaps; scrapes are late or fail, targets go, with or without leaving a staleness
// marker, and come back.
func (c *testCase) series(name, label, text string, counter bool) rawSeries {
	s := rawSeries{labels: labels.FromStrings("__name__", name, "namespace", "ai", label, text)}
	points := int(c.window.Length()/grid) + 1
	level, total, flaps := 0.0, 0.0, false
	for due, i := c.rng.IntN(10), 0; i < points; i++ {
		total += level * grid.Seconds()
		if i < due {
			s.values = append(s.values, gone)
			continue
		}
		if flaps || c.rng.IntN(12) == 0 {
			level = c.draw(counter)
		}
		flaps = flaps != (c.rng.IntN(20) == 0)
		if counter && c.rng.IntN(40) == 0 {
			total = 0
		}
		sample := level
		if counter {
			sample = total
		}
		s.values = append(s.values, sample)
		due = i + 1 + c.rng.IntN(3)
		if c.rng.IntN(25) == 0 {
			due = c.outage(&s, &i)
		}
	}
	return s
}

func (c *testCase) draw(counter bool) float64 {
	switch n := c.rng.IntN(9); {
	case counter || n < 7:
		return float64(c.rng.IntN(8)) / 2
	case n == 7:
		return math.NaN()
	default:
		return math.Inf(1)
	}
}

// outage is a time without samples: some missed scrapes, or longer than Prometheus looks back. It returns when the next
// sample is due.
func (c *testCase) outage(s *rawSeries, i *int) int {
	if c.rng.IntN(2) == 0 {
		s.values = append(s.values, math.Float64frombits(value.StaleNaN))
		*i++
	}
	return *i + 1 + c.rng.IntN([]int{5, 20, 80}[c.rng.IntN(3)])
}
