package observe

import (
	"testing"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// shadowOf is the subject of a plan without alerts.
func shadowOf(plan *rules.Plan) *Subject {
	s := NewSubject(plan)
	s.wanted, s.shadow = s.wanted[:1+len(plan.Lines)], true
	return s
}

// shadowSnapshot is a snapshot of a Prometheus that has the recording rules only.
func shadowSnapshot(plan *rules.Plan, after time.Duration, values ...*model.Sample) *Snapshot {
	group := answer(plan)
	group.Rules = group.Rules[:1+len(plan.Lines)]
	snap := NewSnapshot(noon.Add(after))
	snap.AddGroup(group)
	snap.AddLines(lines(plan))
	snap.AddSignals(values)
	return snap
}

func TestShadow(t *testing.T) {
	plan := newPlan(t, `{alert: Slow, signal: {name: HTTPLatency, by: [endpoint]}, levels: [
		{severity: warning, above: 2s, for: 2m, keepFiringFor: 3m}, {severity: idle, below: 100ms}]}`)
	s := shadowOf(plan)
	for _, step := range []struct {
		minute     int
		chat, stat float64
		want       string
	}{
		{0, 1, 1, "Inactive warning=Inactive idle=Inactive"},
		{1, 3, 1, "Pending warning=Pending idle=Inactive"},
		{2, 1, 1, "Inactive warning=Inactive idle=Inactive"}, // pending is forgotten at once
		{3, 3, 1, "Pending warning=Pending idle=Inactive"},
		{4, 3, 3, "Pending warning=Pending idle=Inactive"},
		{5, 3, 1, "Firing warning=Firing idle=Inactive"},
		{6, 1, 1, "Firing warning=Firing idle=Inactive"}, // keeps firing from here
		{7, 3, 1, "Firing warning=Firing idle=Inactive"}, // and anew
		{8, 1, 1, "Firing warning=Firing idle=Inactive"},
		{10, 1, 1, "Firing warning=Firing idle=Inactive"},
		{11, 1, 1, "Inactive warning=Inactive idle=Inactive"},
		{12, 0.05, 1, "Firing warning=Inactive idle=Firing"}, // at once, without for
		{13, 1, 1, "Inactive warning=Inactive idle=Inactive"},
	} {
		snap := shadowSnapshot(plan, time.Duration(step.minute)*time.Minute, value("/chat", step.chat), value("/stats", step.stat))
		s.Observe(snap)
		s.Observe(snap) // the same one again changes nothing
		if got := states(*s.Published()); got != step.want {
			t.Errorf("minute %d: states are %s, want %s", step.minute, got, step.want)
		}
	}
}

func TestShadowResumes(t *testing.T) {
	plan := newPlan(t, latency)
	s := shadowOf(plan)
	s.Observe(shadowSnapshot(plan, 0, value("/chat", 3)))
	status := &v1alpha1.AlertThresholdStatus{Levels: []v1alpha1.LevelStatus{{Severity: "warning"}, {Severity: "critical"}}}
	s.Published().Record(status, 1)

	again := shadowOf(plan)
	again.Resume(status, 1, noon.Add(9*time.Minute))
	again.Observe(shadowSnapshot(plan, 9*time.Minute, value("/chat", 3)))
	if got, want := states(*again.Published()), "Pending warning=Pending critical=Inactive"; got != want {
		t.Errorf("states are %s, want %s", got, want)
	}
	again.Observe(shadowSnapshot(plan, 10*time.Minute, value("/chat", 3)))
	if got, want := states(*again.Published()), "Firing warning=Firing critical=Inactive"; got != want {
		t.Errorf("states are %s, want %s", got, want)
	}
	if got := again.Published().Levels[0].ActiveSince; !got.Equal(noon) {
		t.Errorf("active since %s, want %s", got, noon)
	}
}
