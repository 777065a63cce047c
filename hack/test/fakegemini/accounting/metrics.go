package accounting

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// Metrics is what /metrics says: by metric, then by the values of its labels, in the order of the labels' names with a
// space between them. Of a histogram it is the count.
type Metrics map[string]map[string]float64

// Parse reads a page in Prometheus' text format, adding up what differs only in the labels without.
func Parse(page io.Reader, without ...string) (Metrics, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(page)
	if err != nil {
		return nil, fmt.Errorf("reading /metrics: %w", err)
	}
	out := Metrics{}
	for name, f := range families {
		out[name] = map[string]float64{}
		for _, m := range f.GetMetric() {
			var key []string
			for _, pair := range m.GetLabel() {
				if !slices.Contains(without, pair.GetName()) {
					key = append(key, pair.GetValue())
				}
			}
			out[name][strings.Join(key, " ")] += m.GetCounter().GetValue() + m.GetGauge().GetValue() +
				m.GetUntyped().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return out, nil
}

// Differences are where the page is not what it must be, one line each, sorted: in value, or in what is there at all.
// Zeros are as good as nothing, and only the metrics of want are looked at.
func (p Metrics) Differences(want map[string]map[string]float64) []string {
	var out []string
	for name, series := range want {
		all := maps.Clone(series)
		maps.Copy(all, p[name])
		for key := range all {
			if got := p[name][key]; got != series[key] {
				out = append(out, fmt.Sprintf("%s{%s} is %v, by the ledger %v", name, key, got, series[key]))
			}
		}
	}
	slices.Sort(out)
	return out
}
