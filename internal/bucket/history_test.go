package bucket

import (
	"reflect"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

// series is that of a bound, or of none when it is empty, with counts from the hour after 1970 on; 0 is none.
func series(histogram, le string, perHour ...float64) *model.SampleStream {
	s := &model.SampleStream{Metric: model.Metric{histogramLabel: model.LabelValue(histogram)}}
	if le != "" {
		s.Metric[model.BucketLabel] = model.LabelValue(le)
	}
	for i, n := range perHour {
		if n > 0 {
			s.Values = append(s.Values, model.SamplePair{Timestamp: hour(i + 1), Value: model.SampleValue(n)})
		}
	}
	return s
}

func hour(n int) model.Time { return model.Time(n * 3600 * 1000) }

func TestHistory(t *testing.T) {
	at := func(n int) time.Time { return hour(n).Time() }
	for name, tc := range map[string]struct {
		answer model.Matrix
		want   Histogram
	}{
		"nothing": {nil, Histogram{}},
		"one set": {model.Matrix{series("0", "1", 2, 2), series("0", "10", 2, 2), series("0", "+Inf", 2, 2)},
			Histogram{Bounds: []float64{1, 10}, Shared: []float64{1, 10}}},
		"two spellings": {model.Matrix{series("0", "1", 1), series("0", "1.0", 1), series("0", "+Inf", 2)},
			Histogram{Bounds: []float64{1}, Shared: []float64{1}}},
		"two versions": {model.Matrix{series("0", "1", 2), series("0", "10", 1), series("0", "30", 1), series("0", "+Inf", 2)},
			Histogram{Bounds: []float64{1, 10, 30}, Shared: []float64{1}}},
		"changed": {model.Matrix{series("0", "1", 2, 2, 1, 0), series("0", "10", 0, 0, 1, 2), series("0", "+Inf", 2, 2, 2, 2)},
			Histogram{Bounds: []float64{10}, Shared: []float64{10}, ChangedAt: at(4)}},
		"as many others": {model.Matrix{series("0", "1", 2, 0), series("0", "10", 0, 2), series("0", "+Inf", 2, 2)},
			Histogram{Bounds: []float64{10}, Shared: []float64{10}, ChangedAt: at(2)}},
		"and back": {model.Matrix{series("0", "1", 2, 0, 2), series("0", "10", 0, 2, 0), series("0", "+Inf", 2, 2, 2)},
			Histogram{Bounds: []float64{1}, Shared: []float64{1}, ChangedAt: at(3)}},
		"gone for a while": {model.Matrix{series("0", "1", 2, 0, 2), series("0", "+Inf", 2, 0, 2)},
			Histogram{Bounds: []float64{1}, Shared: []float64{1}}},
		"begun late": {model.Matrix{series("0", "1", 0, 0, 2), series("0", "+Inf", 0, 0, 2)},
			Histogram{Bounds: []float64{1}, Shared: []float64{1}}},
		"native": {model.Matrix{series("1", "", 2)}, Histogram{IsNative: true}},
		"native since": {model.Matrix{series("0", "1", 2, 0), series("0", "+Inf", 2, 0), series("1", "", 0, 2)},
			Histogram{IsNative: true, ChangedAt: at(2)}},
		"both at once": {model.Matrix{series("0", "1", 2), series("0", "+Inf", 2), series("1", "", 2)},
			Histogram{Bounds: []float64{1}, Shared: []float64{1}}},
		"some native only": {model.Matrix{series("0", "1", 2), series("0", "+Inf", 2), series("1", "", 3)},
			Histogram{Bounds: []float64{1}, Shared: []float64{1}, IsNative: true}},
		"several histograms": {model.Matrix{series("0", "1", 2), series("0", "+Inf", 2), series("1", "1", 5), series("1", "2", 5), series("1", "+Inf", 5)},
			Histogram{Bounds: []float64{1, 2}, Shared: []float64{1}}},
	} {
		h := Query{Metric: "x"}.NewHistory()
		if err := h.Ingest(tc.answer, time.Time{}); err != nil {
			t.Fatal(err)
		}
		tc.want.Metric = "x"
		if got := h.Histogram(); !reflect.DeepEqual(got, tc.want) {
			t.Errorf("%s: histogram is %+v, want %+v", name, got, tc.want)
		}
	}
}
