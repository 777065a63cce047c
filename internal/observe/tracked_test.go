package observe

import (
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// TestTells walks a threshold through snapshots and checks which of them people are told of.
func TestTells(t *testing.T) {
	plan := newPlan(t, latency)
	s := NewTrackedThreshold(plan)
	fault := func(after time.Duration) *Snapshot { return &Snapshot{At: noon.Add(after), Failure: "refused"} }
	unselected := func(after time.Duration, names ...string) *Snapshot {
		snap := &Snapshot{At: noon.Add(after), Selection: &Selection{}}
		for _, name := range names {
			snap.Selection.ThanosRulers = append(snap.Selection.ThanosRulers, &monitoringv1.ThanosRuler{ObjectMeta: metav1.ObjectMeta{Name: name}})
		}
		return snap
	}
	for _, step := range []struct {
		name string
		snap *Snapshot
		want bool
	}{
		{"the first", snapshot(plan, 0, value("/a", 1)), true},
		{"the same", snapshot(plan, 30*time.Second, value("/a", 1)), false},
		{"noise", snapshot(plan, time.Minute, value("/a", 1.1)), false},
		{"noise, still", snapshot(plan, 599*time.Second, value("/a", 0.9)), false},
		{"noise, after ten minutes", snapshot(plan, 600*time.Second, value("/a", 1.1)), true},
		{"much, too soon", snapshot(plan, 630*time.Second, value("/a", 1.8)), false},
		{"much", snapshot(plan, 660*time.Second, value("/a", 1.8)), true},
		{"no data", snapshot(plan, 670*time.Second), true},
		{"data", snapshot(plan, 680*time.Second, value("/a", 1.8)), true},
		{"a fault", fault(690 * time.Second), true},
		{"the same fault", fault(700 * time.Second), false},
		{"back", snapshot(plan, 710*time.Second, value("/a", 1.8)), true},
		{"not selected", unselected(720 * time.Second), true},
		{"for another reason, too soon", unselected(730*time.Second, "a"), false},
		{"for another reason", unselected(780*time.Second, "a"), true},
		{"for the same reason", unselected(880*time.Second, "a"), false},
	} {
		if got := s.Observe(step.snap); got != step.want {
			t.Fatalf("%s: told %v, want %v: %+v", step.name, got, step.want, s.Published())
		}
	}
}

// TestFiringIsToldAtOnce though the value has just been told.
func TestFiringIsToldAtOnce(t *testing.T) {
	plan := newPlan(t, latency)
	s := NewTrackedThreshold(plan)
	s.Observe(snapshot(plan, 0, value("/a", 1)))
	snap := NewSnapshot(noon.Add(time.Second))
	group := activate(answer(plan), "critical", promapi.Alert{State: prometheusv1.AlertStateFiring, ActiveAt: snap.At})
	snap.AddGroup(activate(group, "warning", promapi.Alert{State: prometheusv1.AlertStatePending, ActiveAt: snap.At}))
	snap.AddThresholds(levels(plan))
	snap.AddSignals(model.Vector{value("/a", 6)})
	if !s.Observe(snap) || s.Published().State != v1alpha1.StateFiring {
		t.Errorf("published %+v", s.Published())
	}
}

func TestPrometheusStartedAnew(t *testing.T) {
	plan := newPlan(t, latency)
	s := NewTrackedThreshold(plan)
	s.Observe(snapshot(plan, 0, value("/a", 1)))
	unevaluated := func(after time.Duration) *Snapshot {
		snap, group := NewSnapshot(noon.Add(after)), answer(plan)
		for i := range group.Rules {
			group.Rules[i].Health = prometheusv1.RuleHealthUnknown
		}
		snap.AddGroup(group)
		return snap
	}
	if s.Observe(unevaluated(time.Minute)) || s.Observe(unevaluated(2*time.Minute)) {
		t.Fatalf("told while Prometheus begins to evaluate: %+v", s.Published())
	}
	if !s.Observe(unevaluated(3 * time.Minute)) {
		t.Fatalf("not told that it does not begin to: %+v", s.Published())
	}
	if got := s.Published().Loaded.Reason; got != v1alpha1.ReasonNotYetEvaluated {
		t.Errorf("reason = %s", got)
	}
}

func TestResume(t *testing.T) {
	plan := newPlan(t, latency)
	for name, snap := range map[string]*Snapshot{
		"loaded":  snapshot(plan, 0, value("/a", 1), value("/b", 3)),
		"missing": NewSnapshot(noon),
		"fault":   {At: noon, Failure: "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			before := NewTrackedThreshold(plan)
			before.Observe(snap)
			status := statusOf(before, 7)
			status.Conditions[0].LastTransitionTime.Time = noon

			after := NewTrackedThreshold(plan)
			after.Resume(status, 7, noon.Add(time.Minute))
			if got, want := *after.Published(), *before.Published(); got.changeSince(want) != noChange {
				t.Errorf("resumed with %+v, want %+v", got, want)
			}
			if after.absence != (absence{}) {
				t.Errorf("what is not overdue is missing since %s", after.absence.since)
			}
			if after.changed.After(noon.Add(time.Minute)) || after.changed.Before(noon.Add(time.Minute-SmallChanges)) {
				t.Errorf("changed %s", after.changed)
			}
			other := NewTrackedThreshold(plan)
			if other.Resume(status, 8, noon); other.Published() != nil {
				t.Errorf("resumed from another generation: %+v", other.Published())
			}
		})
	}
}
