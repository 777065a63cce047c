package main

import (
	"fmt"
	"slices"
)

const (
	// minSamples is the fewest from which a trend can be told.
	minSamples = 9
	// slack is the most goroutines by which an assistant at rest may vary: those of a connection or two.
	slack = 6
)

// trend is how resident memory was in the first and in the last third of some samples, in bytes: their medians.
type trend struct{ first, last float64 }

func trendOf(rss []float64) (trend, error) {
	if len(rss) < minSamples {
		return trend{}, fmt.Errorf("%d samples are too few to tell a trend: want %d", len(rss), minSamples)
	}
	third := len(rss) / 3
	t := trend{median(rss[:third]), median(rss[len(rss)-third:])}
	if t.first == 0 || t.last == 0 {
		return t, fmt.Errorf("/metrics lacks resident memory")
	}
	return t, nil
}

// growth is how much memory grew, as a share of what it was.
func (t trend) growth() float64 { return t.last/t.first - 1 }

// check is an error if memory grew by more than a share.
func (t trend) check(most float64) error {
	if t.growth() > most {
		return fmt.Errorf("resident memory grew from %.1f to %.1f MiB", t.first/(1<<20), t.last/(1<<20))
	}
	return nil
}

// idleGoroutines is how many goroutines there are without a request: before the first one, and after the last.
type idleGoroutines struct{ before, after float64 }

func (r idleGoroutines) check() error {
	if r.before == 0 || r.after > r.before+slack {
		return fmt.Errorf("goroutines at rest grew from %.0f to %.0f", r.before, r.after)
	}
	return nil
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
