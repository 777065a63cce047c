package sample

import (
	"math"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
)

func TestKindOf(t *testing.T) {
	histogram := &model.SampleHistogram{Count: 5, Sum: 7}
	for name, tc := range map[string]struct {
		sample model.Sample
		want   Kind
	}{
		"number":              {model.Sample{Value: 3}, Number},
		"zero":                {model.Sample{}, Number},
		"infinite":            {model.Sample{Value: model.SampleValue(math.Inf(1))}, Number},
		"infinitely negative": {model.Sample{Value: model.SampleValue(math.Inf(-1))}, Number},
		"no number":           {model.Sample{Value: model.SampleValue(math.NaN())}, NaN},
		"stale marker":        {model.Sample{Value: model.SampleValue(math.Float64frombits(0x7ff0000000000002))}, NaN},
		"histogram":           {model.Sample{Histogram: histogram}, Histogram},
		"its value is not":    {model.Sample{Value: 3, Histogram: histogram}, Histogram},
	} {
		if got := KindOf(&tc.sample); got != tc.want {
			t.Errorf("%s is a %d, want %d", name, got, tc.want)
		}
		if tc.want != Histogram && IsNumber(float64(tc.sample.Value)) != (tc.want == Number) {
			t.Errorf("%s: IsNumber is wrong", name)
		}
	}
}

// TestWhyNoValue: a series with one number is compared, and so says nothing.
func TestWhyNoValue(t *testing.T) {
	nan, one := model.SamplePair{Value: model.SampleValue(math.NaN())}, model.SamplePair{Value: 1}
	histograms := []model.SampleHistogramPair{{Histogram: &model.SampleHistogram{}}}
	for name, tc := range map[string]struct {
		stream model.SampleStream
		want   string
	}{
		"nothing":               {model.SampleStream{}, ""},
		"only NaN":              {model.SampleStream{Values: []model.SamplePair{nan, nan}}, "NaN"},
		"a number after it":     {model.SampleStream{Values: []model.SamplePair{nan, one}}, ""},
		"only histograms":       {model.SampleStream{Histograms: histograms}, "histogram_quantile(0.95, ...)"},
		"histograms and NaN":    {model.SampleStream{Histograms: histograms, Values: []model.SamplePair{nan}}, "NaN"},
		"histograms and number": {model.SampleStream{Histograms: histograms, Values: []model.SamplePair{one}}, ""},
	} {
		got := KindOfStream(&tc.stream).WhyNoValue()
		if !strings.Contains(got, tc.want) || (got == "") != (tc.want == "") {
			t.Errorf("%s: %q, want it to say %q", name, got, tc.want)
		}
	}
}
