package bucket

import (
	"math"
	"slices"
	"testing"

	"github.com/prometheus/prometheus/promql"
)

func TestFit(t *testing.T) {
	seconds := []float64{0.01, 0.1, 1, 10}
	for name, tc := range map[string]struct {
		bounds []float64
		value  float64
		above  bool
		want   Fit
	}{
		"above the top":                {seconds, 30, true, Never},
		"above, on the top":            {seconds, 10, true, Never},
		"above, on a bound":            {seconds, 1, true, Exact},
		"above, inside a wide bucket":  {seconds, 2, true, Guess},
		"above, inside a narrow one":   {[]float64{1, 2, 3}, 1.5, true, Exact},
		"above, inside the first":      {seconds, 0.005, true, Guess},
		"above nothing":                {seconds, 0, true, Exact},
		"above less than nothing":      {seconds, -1, true, Always},
		"below the top":                {seconds, 10, false, Exact},
		"below what is above the top":  {seconds, 30, false, Always},
		"below, inside the first":      {seconds, 0.005, false, Guess},
		"below nothing":                {seconds, 0, false, Never},
		"negative, above the least":    {[]float64{-10, -6, 5}, -10, true, Exact},
		"negative, above less":         {[]float64{-10, -6, 5}, -11, true, Always},
		"negative, below the least":    {[]float64{-10, -6, 5}, -10, false, Never},
		"negative, in a narrow bucket": {[]float64{-10, -6, 5}, -8, false, Exact},
		"negative, in a wide bucket":   {[]float64{-10, -6, 5}, 1, false, Guess},
		"no bounds":                    {nil, 30, true, Exact},
	} {
		if got := Known("x", tc.bounds).Fit(tc.value, tc.above); got != tc.want {
			t.Errorf("%s: fit is %d, want %d", name, got, tc.want)
		}
	}
	if got := (Histogram{Bounds: seconds, Shared: seconds, IsNative: true}).Fit(30, true); got != Exact {
		t.Errorf("native: fit is %d", got)
	}
}

// TestFitIsPrometheus: over all that histograms with some bounds can hold, quantiles as Prometheus estimates them cross a level
// never or always exactly when Fit says so.
func TestFitIsPrometheus(t *testing.T) {
	for _, bounds := range [][]float64{{1, 2, 4}, {0, 1}, {-3, -1}, {-2, 5}, {7}} {
		var quantiles []float64
		for _, counts := range distributions(len(bounds) + 1) {
			for _, q := range []float64{0.001, 0.5, 0.95, 1} {
				var buckets promql.Buckets
				sum := 0.0
				for i, bound := range slices.Concat(bounds, []float64{math.Inf(1)}) {
					sum += counts[i]
					buckets = append(buckets, promql.Bucket{UpperBound: bound, Count: sum})
				}
				value, _, _, _, _, _ := promql.BucketQuantile(q, buckets)
				quantiles = append(quantiles, value)
			}
		}
		for _, level := range []float64{-5, -3, -2, -1, 0, 1, 4, 5, 7, 8} {
			for _, above := range []bool{true, false} {
				crosses := func(v float64) bool { return above && v > level || !above && v < level }
				isNever := !slices.ContainsFunc(quantiles, crosses)
				isAlways := !slices.ContainsFunc(quantiles, func(v float64) bool { return !crosses(v) })
				got := Known("x", bounds).Fit(level, above)
				// On the least value nothing is above 0 but by an infinitely small quantile.
				if (got == Never) != isNever || (got == Always) != isAlways && !(above && level == min(bounds[0], 0)) {
					t.Errorf("bounds %v, level %v, above %v: fit is %d, never %v, always %v", bounds, level, above, got, isNever, isAlways)
				}
			}
		}
	}
}

// distributions are all ways to put 0, 1 or 2 observations into so many buckets, but for none at all.
func distributions(buckets int) (all [][]float64) {
	for n := 1; n < int(math.Pow(3, float64(buckets))); n++ {
		counts := make([]float64, buckets)
		for i, left := 0, n; i < buckets; i, left = i+1, left/3 {
			counts[i] = float64(left % 3)
		}
		all = append(all, counts)
	}
	return all
}

func TestMixed(t *testing.T) {
	h := Histogram{Bounds: []float64{1, 5, 10, 30}, Shared: []float64{1, 10}}
	for value, want := range map[float64]Fit{30: Never, 20: Guess, 10: Exact, 5: Guess, 1: Exact} {
		if got := h.Fit(value, true); got != want {
			t.Errorf("fit of %v is %d, want %d", value, got, want)
		}
	}
	if got := h.Nearest(5, true); !slices.Equal(got, []float64{1, 10}) {
		t.Errorf("nearest to 5 are %v", got)
	}
	if got := h.Nearest(20, true); !slices.Equal(got, []float64{10}) {
		t.Errorf("nearest to 20 are %v", got)
	}
	if got := (Histogram{Bounds: []float64{1, 10}}).Fit(1, true); got != Guess {
		t.Errorf("with nothing in common, fit is %d", got)
	}
	if got := Known("x", []float64{1, 10}).Nearest(5, true); !slices.Equal(got, []float64{1}) {
		t.Errorf("nearest below the top are %v", got)
	}
}
