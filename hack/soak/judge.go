package main

import (
	"fmt"
	"slices"
)

const (
	// minSamples is the fewest from which a trend can be told.
	minSamples = 9
	// growth is the most that the last third may lie over the first: garbage collection alone moves it by some percent.
	growth = 1.10
	// slack is the most goroutines by which connections may vary.
	slack = 20
)

// sample is what the assistant says of itself at one time: resident memory in bytes, and goroutines.
type sample struct{ rss, goroutines float64 }

// judge compares the median of the last third of the samples with that of the first.
func judge(samples []sample) error {
	if len(samples) < minSamples {
		return fmt.Errorf("%d samples are too few to tell a trend: want %d", len(samples), minSamples)
	}
	third := len(samples) / 3
	first, last := samples[:third], samples[len(samples)-third:]
	rss := func(s sample) float64 { return s.rss }
	goroutines := func(s sample) float64 { return s.goroutines }
	if before, after := median(first, rss), median(last, rss); after > before*growth {
		return fmt.Errorf("resident memory grew from %.1f to %.1f MiB", before/(1<<20), after/(1<<20))
	}
	if before, after := median(first, goroutines), median(last, goroutines); after > before+slack {
		return fmt.Errorf("goroutines grew from %.0f to %.0f", before, after)
	}
	return nil
}

func median(samples []sample, of func(sample) float64) float64 {
	var values []float64
	for _, s := range samples {
		values = append(values, of(s))
	}
	slices.Sort(values)
	return values[len(values)/2]
}
