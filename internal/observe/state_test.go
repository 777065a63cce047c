package observe

import (
	"math"
	"testing"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

func TestState(t *testing.T) {
	plan := newPlan(t, latency)
	alert := func(state prometheusv1.AlertState, ago time.Duration) promapi.Alert {
		return promapi.Alert{State: state, ActiveAt: noon.Add(-ago)}
	}
	pending, firing := prometheusv1.AlertStatePending, prometheusv1.AlertStateFiring
	for name, tc := range map[string]struct {
		values model.Vector
		change func(*promapi.Group)
		// noLines: the recorded levels are not there.
		noLines bool
		want    string
	}{
		"inactive": {model.Vector{value("/chat", 1)}, nil, false, "Inactive warning=Inactive critical=Inactive"},
		"no data":  {nil, nil, false, "NoData warning=NoData critical=NoData"},
		"only NaN": {model.Vector{value("/chat", math.NaN())}, nil, false, "NoData warning=NoData critical=NoData"},
		"pending": {model.Vector{value("/chat", 3)}, func(g *promapi.Group) { activate(*g, "warning", alert(pending, time.Minute)) }, false,
			"Pending warning=Pending critical=Inactive"},
		"pending and firing": {model.Vector{value("/chat", 3)}, func(g *promapi.Group) {
			activate(*g, "warning", alert(firing, time.Hour), alert(pending, time.Minute))
		}, false, "Firing warning=Firing critical=Inactive"},
		"firing, and the data are gone": {nil, func(g *promapi.Group) { activate(*g, "critical", alert(firing, time.Hour)) }, false,
			"Firing warning=NoData critical=Firing"},
		"not stored yet": {nil, nil, true, "Unknown warning=Unknown critical=Unknown"},
		"not evaluated": {model.Vector{value("/chat", 3)}, func(g *promapi.Group) {
			for i := range g.Rules {
				g.Rules[i].Health = prometheusv1.RuleHealthUnknown
			}
		}, false, "Unknown warning=Unknown critical=Unknown"},
		"the value cannot be worked out": {model.Vector{value("/chat", 1)}, func(g *promapi.Group) {
			g.Rules[0].Health = prometheusv1.RuleHealthBad
			activate(*g, "warning", alert(firing, time.Hour))
		}, false, "Firing warning=Firing critical=Unknown"},
		"one level is an earlier generation's": {model.Vector{value("/chat", 1)}, func(g *promapi.Group) { g.Rules[4].Query = "vector(1)" }, false,
			"Unknown warning=Inactive critical=Unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			group := answer(plan)
			if tc.change != nil {
				tc.change(&group)
			}
			snap := NewSnapshot(noon)
			snap.AddGroup(group)
			snap.AddSignals(tc.values)
			if !tc.noLines {
				snap.AddThresholds(levels(plan))
			}
			s := NewTrackedThreshold(plan)
			s.Observe(snap)
			if got := states(*s.Published()); got != tc.want {
				t.Errorf("states are %s, want %s", got, tc.want)
			}
		})
	}
}

// TestEmptyWhenHealthy: no sample is the good state of some expressions.
func TestEmptyWhenHealthy(t *testing.T) {
	for expr, want := range map[string]string{
		"lag > 500": "Inactive warning=Inactive", "absent(up)": "Inactive warning=Inactive", "ALERTS": "Inactive warning=Inactive",
		"a unless b": "Inactive warning=Inactive", "lag": "NoData warning=NoData", "up == bool 0": "NoData warning=NoData",
	} {
		for _, mode := range []string{"Enforce", "Shadow"} {
			plan := newPlan(t, `{alert: A, mode: `+mode+`, expr: "`+expr+`", levels: [{severity: warning, above: 0}]}`)
			s := NewTrackedThreshold(plan)
			s.Observe(snapshot(plan, 0))
			if got := states(*s.Published()); got != want {
				t.Errorf("%s in mode %s: states are %s, want %s", expr, mode, got, want)
			}
		}
	}
}

// TestNoDataAlert: while the alert on missing data fires, no state says that all is well.
func TestNoDataAlert(t *testing.T) {
	firing, pending := prometheusv1.AlertStateFiring, prometheusv1.AlertStatePending
	for _, tc := range []struct {
		watches string
		noData  prometheusv1.AlertState
		values  []*model.Sample
		want    string
	}{
		{"signal: {name: ActiveSessions}", firing, nil, "NoData warning=NoData"},
		{"signal: {name: ActiveSessions}", pending, nil, "NoData warning=NoData"},
		{"expr: x", firing, nil, "NoData warning=NoData"},
		{"expr: x > 5", firing, nil, "NoData warning=NoData"},
		{"expr: x > 5", pending, nil, "Inactive warning=Inactive"},
		{"expr: x", prometheusv1.AlertStateInactive, []*model.Sample{value("", 1)}, "Inactive warning=Inactive"},
	} {
		plan := newPlan(t, `{alert: A, noData: Alert, `+tc.watches+`, levels: [{severity: warning, above: 5}]}`)
		group := answer(plan)
		last := &group.Rules[len(group.Rules)-1]
		last.Alerts = []promapi.Alert{{State: tc.noData, ActiveAt: noon.Add(-time.Hour)}}
		snap := NewSnapshot(noon)
		snap.AddGroup(group)
		snap.AddSignals(tc.values)
		snap.AddThresholds(levels(plan))
		s := NewTrackedThreshold(plan)
		s.Observe(snap)
		if got := states(*s.Published()); got != tc.want {
			t.Errorf("%s, %s: states are %s, want %s", tc.watches, tc.noData, got, tc.want)
		}
	}
}

func TestActiveSinceIsTheOldest(t *testing.T) {
	plan := newPlan(t, latency)
	snap := NewSnapshot(noon)
	snap.AddThresholds(levels(plan))
	snap.AddSignals(model.Vector{value("/chat", 3)})
	snap.AddGroup(activate(answer(plan), "warning",
		promapi.Alert{State: prometheusv1.AlertStatePending, ActiveAt: noon.Add(-time.Minute)},
		promapi.Alert{State: prometheusv1.AlertStateFiring, ActiveAt: noon.Add(-time.Hour).Add(300 * time.Millisecond)},
		promapi.Alert{State: prometheusv1.AlertStateInactive, ActiveAt: noon.Add(-48 * time.Hour)}))
	s := NewTrackedThreshold(plan)
	s.Observe(snap)
	if got, want := s.Published().Levels[0].ActiveSince, noon.Add(-time.Hour); !got.Equal(want) {
		t.Errorf("active since %s, want %s", got, want)
	}
}
