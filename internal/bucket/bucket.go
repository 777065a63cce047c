// Package bucket says what a histogram's buckets can show: whether a quantile of it can be compared with a level. It is pure:
// the series are given to it.
package bucket

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Histogram is what is known of the histograms that an expression is a quantile of.
type Histogram struct {
	// Metric is the name of the histogram, without _bucket; empty when the expression does not say it.
	Metric string
	// Bounds are the finite upper bounds of buckets that any series has, ascending, and Shared those that all series have.
	Bounds, Shared []float64
	// IsNative: some series have native buckets only. Those have no greatest bound, and are fine enough for every level.
	IsNative bool
	// ChangedAt is when, in the window that was read, the bounds became these; zero when they have always been.
	ChangedAt time.Time
}

// Known is the histogram with those bounds in all its series.
func Known(metric string, bounds []float64) Histogram {
	return Histogram{Metric: metric, Bounds: bounds, Shared: bounds}
}

// String names the histogram in a sentence.
func (h Histogram) String() string { return cmp.Or(h.Metric, "the histogram") }

// IsRead reports whether any buckets were found.
func (h Histogram) IsRead() bool { return h.IsNative || len(h.Bounds) > 0 }

// IsMixed reports whether series have different bounds, as those of two versions of a program do.
func (h Histogram) IsMixed() bool { return len(h.Shared) < len(h.Bounds) }

// Fit is what a histogram can show of a level, the more of it first.
type Fit int

const (
	// Exact means that the level is a bound, or lies in a bucket that is narrow enough.
	Exact Fit = iota
	// Guess means that the level lies inside a wide bucket, in which values are interpolated.
	Guess
	// Never means that no value that the histogram shows crosses the level.
	Never
	// Always means that every value that the histogram shows crosses the level.
	Always
)

// wide is how many times greater than its lower bound a bucket's upper bound must be for the bucket to be wide: a value
// anywhere inside may stand for a true one at either bound.
const wide = 2

// Fit returns what the histogram can show of a level that is crossed above or below the value.
//
// A quantile, as histogram_quantile estimates it, is at most the greatest finite bound, be the true one as high as it may. In
// the lowest bucket it is interpolated from 0; it is the bound itself when that is not positive.
func (h Histogram) Fit(value float64, above bool) Fit {
	if h.IsNative || len(h.Bounds) == 0 {
		return Exact
	}
	least, greatest := min(h.Bounds[0], 0), h.Bounds[len(h.Bounds)-1]
	switch {
	case above && value >= greatest, !above && value <= least:
		return Never
	case above && value < least, !above && value > greatest:
		return Always
	}
	if lower, upper, inside := h.Bucket(value); inside && isWide(lower, upper) {
		return Guess
	}
	return Exact
}

func isWide(lower, upper float64) bool {
	return math.IsInf(upper, 1) || upper-lower > max(math.Abs(lower), math.Abs(upper))*(wide-1)/wide
}

// Bucket returns the bounds, of those that all series have, between which the value lies; not inside when it is one of them or 0.
// The upper one is +Inf when only some series have one.
func (h Histogram) Bucket(value float64) (lower, upper float64, inside bool) {
	i, onBound := slices.BinarySearch(h.Shared, value)
	if onBound {
		return 0, 0, false
	}
	lower, upper = min(h.Bounds[0], 0), math.Inf(1)
	if i > 0 {
		lower = h.Shared[i-1]
	}
	if i < len(h.Shared) {
		upper = h.Shared[i]
	}
	return lower, upper, value != lower
}

// Nearest returns the bounds on either side of the value on which a level would be exact, at most two.
func (h Histogram) Nearest(value float64, above bool) []float64 {
	lower, upper, _ := h.Bucket(value)
	return slices.DeleteFunc([]float64{lower, upper}, func(bound float64) bool {
		return !slices.Contains(h.Shared, bound) || h.Fit(bound, above) != Exact
	})
}

// Notes says, each in a sentence, what else must be known about the buckets.
func (h Histogram) Notes() []string {
	var all []string
	if h.IsMixed() {
		all = append(all, fmt.Sprintf("the series of %s have different buckets", h))
	}
	if !h.ChangedAt.IsZero() {
		all = append(all, fmt.Sprintf("the buckets of %s changed on %s: fires before that are counted by other bounds",
			h, h.ChangedAt.UTC().Format(time.DateOnly)))
	}
	return all
}
