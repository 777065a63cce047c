package observe

import (
	"math"
	"testing"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

func TestCurrent(t *testing.T) {
	const number = `{alert: A, expr: x, levels: [`
	for name, tc := range map[string]struct {
		spec                        string
		values                      model.Vector
		current, endpoint, headroom string
	}{
		"one":             {latency, model.Vector{value("/chat", 1.2141)}, "1.21s", "", "39%"},
		"the nearest":     {latency, model.Vector{value("/a", 0.2), value("/b", 1.5), value("/c", 1)}, "1.5s", "/b", "25%"},
		"beyond a level":  {latency, model.Vector{value("/a", 3), value("/b", 1)}, "3s", "/a", "-50%"},
		"NaN left out":    {latency, model.Vector{value("/a", math.NaN()), value("/b", 1)}, "1s", "", "50%"},
		"none":            {latency, nil, "", "", ""},
		"below":           {number + `{severity: w, below: 10}]}`, model.Vector{value("/a", 30), value("/b", 12)}, "12", "/b", "20%"},
		"above and below": {number + `{severity: w, below: 10}, {severity: x, above: 100}]}`, model.Vector{value("/a", 30), value("/b", 90)}, "90", "/b", "10%"},
		"a level below 0": {number + `{severity: w, below: -10}]}`, model.Vector{value("", -5)}, "-5", "", "50%"},
		"a level at 0":    {number + `{severity: w, above: 0}]}`, model.Vector{value("/a", -5), value("/b", -2)}, "-2", "/b", ""},
		"infinite":        {number + `{severity: w, above: 5}]}`, model.Vector{value("/a", math.Inf(1)), value("/b", 9)}, "+Inf", "/a", ""},
		"on the level":    {number + `{severity: w, above: 5}]}`, model.Vector{value("", 5)}, "5", "", "0%"},
		"nearly on it":    {number + `{severity: w, above: 5}]}`, model.Vector{value("", 5.01)}, "5.01", "", "0%"},
	} {
		t.Run(name, func(t *testing.T) {
			plan := newPlan(t, tc.spec)
			s := NewTrackedThreshold(plan)
			s.Observe(snapshot(plan, 0, tc.values...))
			got := *s.Published()
			if got.Current != tc.current || got.Headroom != tc.headroom || got.CurrentLabels["endpoint"] != tc.endpoint {
				t.Errorf("current %q of %v, headroom %q, want %q of %q, %q", got.Current, got.CurrentLabels, got.Headroom,
					tc.current, tc.endpoint, tc.headroom)
			}
		})
	}
}

func TestFormat(t *testing.T) {
	for _, tc := range []struct {
		unit  signal.Unit
		value float64
		want  string
	}{
		{signal.Seconds, 1.2141, "1.21s"},
		{signal.Seconds, 0.25, "250ms"},
		{signal.Seconds, 0.01234, "12.3ms"},
		{signal.Seconds, 0, "0ms"},
		{signal.Seconds, 5437, "1h30m37s"},
		{signal.Percent, 41.2371, "41.2%"},
		{signal.Ratio, 0.041237, "4.12%"},
		{signal.Ratio, 1.0 / 3, "33.3%"},
		{signal.PerSecond, 0.000123456, "0.000123/s"},
		{signal.Number, 12345.6, "12346"},
		{signal.Number, -0.5, "-0.5"},
		{signal.Bytes, 5186173009, "4.83Gi"},
		{signal.Bytes, 1 << 30, "1Gi"},
		{signal.Bytes, 536870900, "512Mi"},
		{signal.Bytes, 123456789, "118Mi"},
		{signal.Bytes, 12.345, "12.3"},
		{signal.Bytes, 0, "0"},
	} {
		if got := Format(tc.unit, tc.value); got != tc.want {
			t.Errorf("Format(%s, %v) = %s, want %s", tc.unit, tc.value, got, tc.want)
		}
	}
}

// TestBand: one level of two sides has one state, and its headroom is that of the nearer side.
func TestBand(t *testing.T) {
	plan := newPlan(t, `{alert: Size, expr: size, mode: Shadow, levels: [{severity: P1, above: 80, below: 20}]}`)
	for v, want := range map[float64]string{
		50: "Inactive P1=Inactive 38%", 78: "Inactive P1=Inactive 3%", 21: "Inactive P1=Inactive 5%", 80: "Inactive P1=Inactive 0%",
		90: "Firing P1=Firing -13%", 10: "Firing P1=Firing -50%",
	} {
		s := NewTrackedThreshold(plan)
		s.Observe(snapshot(plan, 0, value("", v)))
		if got := states(*s.Published()) + " " + s.Published().Headroom; got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}
