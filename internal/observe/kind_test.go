package observe

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// TestNoNumber: a level is compared with numbers only. What else is recorded is no value, and never one at which a level is crossed.
func TestNoNumber(t *testing.T) {
	histogram := func(pod string) *model.Sample {
		s := value(pod, 0)
		s.Histogram = &model.SampleHistogram{Count: 3, Sum: 9}
		return s
	}
	nan := math.NaN()
	for name, tc := range map[string]struct {
		levels               string
		values               model.Vector
		want, current, notes string
	}{
		"a histogram":               {"above: 2s", model.Vector{histogram("/a")}, "NoData w=NoData", "", "native histograms, which no level can be compared with: take a number of them, such as histogram_quantile(0.95, ...)"},
		"which is not 0":            {"below: 2s", model.Vector{histogram("/a")}, "NoData w=NoData", "", "native histograms"},
		"nor in a band":             {"above: 2s, below: 1s", model.Vector{histogram("/a"), histogram("/b")}, "NoData w=NoData", "", "native histograms"},
		"only NaN":                  {"above: 2s", model.Vector{value("/a", nan)}, "NoData w=NoData", "", "no number but NaN"},
		"NaN below":                 {"below: 2s", model.Vector{value("/a", nan)}, "NoData w=NoData", "", "no number but NaN"},
		"NaN outside":               {"above: 2s, below: 1s", model.Vector{value("/a", nan)}, "NoData w=NoData", "", "no number but NaN"},
		"NaN and a histogram":       {"above: 2s", model.Vector{value("/a", nan), histogram("/b")}, "NoData w=NoData", "", "no number but NaN"},
		"a number beside NaN":       {"above: 2s", model.Vector{value("/a", nan), value("/b", 1)}, "Inactive w=Inactive", "1s", ""},
		"a number beside histogram": {"above: 2s", model.Vector{histogram("/a"), value("/b", 3)}, "Firing w=Firing", "3s", ""},
		"infinite":                  {"above: 2s", model.Vector{value("/a", math.Inf(1))}, "Firing w=Firing", "+Inf", ""},
		"nothing":                   {"above: 2s", nil, "NoData w=NoData", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			plan := newPlan(t, fmt.Sprintf("{alert: A, mode: Shadow, expr: x, unit: Seconds, levels: [{severity: w, %s}]}", tc.levels))
			s := NewTrackedThreshold(plan)
			s.Observe(snapshot(plan, 0, tc.values...))
			got := s.Published()
			if states(*got) != tc.want || got.Current != tc.current {
				t.Errorf("%s, current %q; want %s, %q", states(*got), got.Current, tc.want, tc.current)
			}
			if says := strings.Contains(got.Loaded.Message, "; there is no value: its series "); says != (tc.notes != "") || !strings.Contains(got.Loaded.Message, tc.notes) {
				t.Errorf("Loaded says %q, want %q in it", got.Loaded.Message, tc.notes)
			}
		})
	}
}

// TestNoNumberIsNotHealthy: of an expression that is empty while all is well, a sample that is no number is not nothing.
func TestNoNumberIsNotHealthy(t *testing.T) {
	histogram := value("/a", 0)
	histogram.Histogram = &model.SampleHistogram{}
	for want, values := range map[string][]*model.Sample{
		"Inactive w=Inactive": nil, "NoData w=NoData": {value("/a", math.NaN())}, "NoData w=NoData ": {histogram},
	} {
		s := NewTrackedThreshold(newPlan(t, "{alert: A, mode: Shadow, expr: a unless b, levels: [{severity: w, above: 5}]}"))
		s.Observe(snapshot(newPlan(t, "{alert: A, mode: Shadow, expr: a unless b, levels: [{severity: w, above: 5}]}"), 0, values...))
		if got := states(*s.Published()); got != strings.TrimSpace(want) {
			t.Errorf("%v: %s, want %s", values, got, want)
		}
	}
}

// TestNoNumberContradictsNothing: an alert that Prometheus has does not contradict a value that is no number, nor the other way about.
func TestNoNumberContradictsNothing(t *testing.T) {
	for state, want := range map[prometheusv1.AlertState]string{
		prometheusv1.AlertStateFiring: "Firing w=Firing", prometheusv1.AlertStatePending: "Pending w=Pending", prometheusv1.AlertStateInactive: "NoData w=NoData",
	} {
		plan := newPlan(t, "{alert: A, expr: x, levels: [{severity: w, above: 5}]}")
		snap := NewSnapshot(noon)
		snap.AddGroup(activate(answer(plan), "w", promapi.Alert{State: state, ActiveAt: noon.Add(-time.Hour)}))
		snap.AddThresholds(levels(plan))
		snap.AddSignals(model.Vector{value("/a", math.NaN())})
		s := NewTrackedThreshold(plan)
		s.Observe(snap)
		if got := states(*s.Published()); got != want || s.Published().contradictory {
			t.Errorf("alert %s: %s, want %s", state, got, want)
		}
	}
}

// TestShadowAlertsAsOne: a shadow's alerts have the labels, and fail, as they would in Prometheus.
func TestShadowAlertsAsOne(t *testing.T) {
	series := func(name, text string, v float64) *model.Sample {
		s := value("", v)
		s.Metric[model.LabelName(name)] = model.LabelValue(text)
		return s
	}
	two := func(label string, a, b float64) []*model.Sample {
		return []*model.Sample{series(label, "a", a), series(label, "b", b)}
	}
	for name, tc := range map[string]struct {
		labels string
		// steps are the values of a minute each, and want the last state.
		steps [][]*model.Sample
		want  string
		fails bool
	}{
		"one of two":              {"{}", [][]*model.Sample{two("severity", 1, 9)}, "Pending w=Pending", false},
		"both":                    {"{}", [][]*model.Sample{two("severity", 9, 9)}, "Unknown w=Unknown", true},
		"of alertname":            {"{}", [][]*model.Sample{two("alertname", 9, 9)}, "Unknown w=Unknown", true},
		"of the spec's label":     {"{team: ml}", [][]*model.Sample{two("team", 9, 9)}, "Unknown w=Unknown", true},
		"of an empty label":       {`{team: ""}`, [][]*model.Sample{two("team", 9, 9)}, "Unknown w=Unknown", true},
		"another label":           {"{team: ml}", [][]*model.Sample{two("pod", 9, 9)}, "Pending w=Pending", false},
		"kept by a template":      {"{was: '{{ $labels.severity }}'}", [][]*model.Sample{two("severity", 9, 9)}, "Pending w=Pending", false},
		"by turns":                {"{}", [][]*model.Sample{two("severity", 9, 1), two("severity", 1, 9), two("severity", 9, 1)}, "Firing w=Firing", false},
		"each by itself":          {"{}", [][]*model.Sample{two("pod", 9, 1), two("pod", 1, 9), two("pod", 9, 1)}, "Pending w=Pending", false},
		"the value is a label":    {"{v: '{{ $value }}'}", [][]*model.Sample{two("pod", 9, 1), two("pod", 8, 1), two("pod", 7, 1)}, "Pending w=Pending", false},
		"it stays while it fails": {"{}", [][]*model.Sample{two("severity", 9, 1), two("severity", 9, 9), two("severity", 9, 1)}, "Firing w=Firing", false},
	} {
		t.Run(name, func(t *testing.T) {
			plan := newPlan(t, fmt.Sprintf("{alert: A, mode: Shadow, expr: x, labels: %s, levels: [{severity: w, above: 5, for: 2m}]}", tc.labels))
			s := NewTrackedThreshold(plan)
			for i, values := range tc.steps {
				s.Observe(snapshot(plan, time.Duration(i)*time.Minute, values...))
			}
			got := s.Published()
			if states(*got) != tc.want {
				t.Errorf("states are %s, want %s", states(*got), tc.want)
			}
			if strings.Contains(got.Loaded.Message, "in mode Enforce Prometheus could not evaluate the alert of level w") != tc.fails {
				t.Errorf("Loaded says %q", got.Loaded.Message)
			}
		})
	}
}
