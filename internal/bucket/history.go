package bucket

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/common/model"
)

// History is which buckets there were over a window, from the answers to a Query.
type History struct {
	metric string
	// counts are how many series there were, by time.
	counts map[model.Time]counts
}

// counts are how many series have a bound, by histogram; those without bounds are native.
type counts map[string]map[float64]float64

// nativeBound stands for the bound of series that have none: no bucket has it.
var nativeBound = math.Inf(-1)

// NewHistory returns a history without any buckets.
func (q Query) NewHistory() *History {
	return &History{metric: q.Metric, counts: map[model.Time]counts{}}
}

// Ingest takes a part of the answer to the query over a range.
func (h *History) Ingest(part model.Matrix, _ time.Time) error {
	for _, series := range part {
		bound := nativeBound
		if text, ok := series.Metric[model.BucketLabel]; ok {
			var err error
			if bound, err = strconv.ParseFloat(string(text), 64); err != nil {
				continue // Prometheus leaves out such a bucket too
			}
		}
		for _, sample := range series.Values {
			h.add(sample, string(series.Metric[histogramLabel]), bound)
		}
	}
	return nil
}

func (h *History) add(sample model.SamplePair, histogram string, bound float64) {
	at := h.counts[sample.Timestamp]
	if at == nil {
		at = counts{}
		h.counts[sample.Timestamp] = at
	}
	if at[histogram] == nil {
		at[histogram] = map[float64]float64{}
	}
	at[histogram][bound] += float64(sample.Value) // 1 and 1.0 are one bound
}

// Histogram returns the last buckets of the history, and when they became those.
func (h *History) Histogram() Histogram {
	result := Histogram{Metric: h.metric}
	var since model.Time
	for i, at := range slices.Sorted(maps.Keys(h.counts)) {
		is := h.counts[at].histogram()
		if !slices.Equal(is.Bounds, result.Bounds) || is.IsNative != result.IsNative {
			if since = 0; i > 0 {
				since = at
			}
		}
		result.Bounds, result.Shared, result.IsNative = is.Bounds, is.Shared, is.IsNative
	}
	if since > 0 {
		result.ChangedAt = since.Time()
	}
	return result
}

// histogram puts all histograms together.
func (c counts) histogram() (h Histogram) {
	var native, classic float64
	for _, bounds := range c {
		native += bounds[nativeBound]
		classic += bounds[math.Inf(1)]
		for bound := range bounds {
			if !math.IsInf(bound, 0) && !slices.Contains(h.Bounds, bound) {
				h.Bounds = append(h.Bounds, bound)
			}
		}
	}
	slices.Sort(h.Bounds)
	for _, bound := range h.Bounds {
		if c.allHave(bound) {
			h.Shared = append(h.Shared, bound)
		}
	}
	h.IsNative = native > classic // else those are the native half of the classic ones
	return h
}

// allHave reports whether every classic series has the bound.
func (c counts) allHave(bound float64) bool {
	for _, bounds := range c {
		if bounds[bound] < bounds[math.Inf(1)] {
			return false
		}
	}
	return true
}
