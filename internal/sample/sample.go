// Package sample decides what a sample is to a level: a number, which is compared, or nothing that can be. It is pure.
package sample

import (
	"math"

	"github.com/prometheus/common/model"
)

// Kind is what a sample is. The zero Kind is that of no sample at all.
type Kind uint8

const (
	// None is no sample.
	None Kind = iota
	// Histogram is a native histogram. PromQL compares it with no number, so that no level is ever crossed.
	Histogram
	// NaN is no number, as 0/0 gives. It is neither above nor below any level.
	NaN
	// Number is what a level is compared with; infinite ones are numbers, too.
	Number
)

// KindOf is that of a sample as an instant query gives it. The Value of a histogram is 0 there, and means nothing.
func KindOf(s *model.Sample) Kind {
	if s.Histogram != nil {
		return Histogram
	}
	return KindOfValue(float64(s.Value))
}

// KindOfValue is that of a sample that is no histogram.
func KindOfValue(v float64) Kind {
	if math.IsNaN(v) {
		return NaN
	}
	return Number
}

// IsNumber reports whether the value is compared with levels.
func IsNumber(v float64) bool { return KindOfValue(v) == Number }

// KindOfStream is the greatest of the samples that a range query gives of a series.
func KindOfStream(s *model.SampleStream) (greatest Kind) {
	if len(s.Histograms) > 0 {
		greatest = Histogram
	}
	for _, one := range s.Values {
		if greatest = max(greatest, KindOfValue(float64(one.Value))); greatest == Number {
			break
		}
	}
	return greatest
}

// WhyNoValue says, of a signal whose greatest Kind this is, why there is no value though there are series, and the fix; empty where
// there is a number, or nothing.
func (k Kind) WhyNoValue() string {
	switch k {
	case Histogram:
		return "its series are native histograms, which no level can be compared with: take a number of them, such as histogram_quantile(0.95, ...), " +
			"histogram_avg(...) or histogram_count(...)"
	case NaN:
		return "its series have no number but NaN, as 0/0 gives without traffic, which is neither above nor below a level"
	default:
		return ""
	}
}
