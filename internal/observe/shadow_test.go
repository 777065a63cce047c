package observe

import (
	"strings"
	"testing"
	"time"
)

func TestShadow(t *testing.T) {
	plan := newPlan(t, `{alert: Slow, signal: {name: HTTPLatency, by: [endpoint]}, levels: [
		{severity: warning, above: 2s, for: 2m, keepFiringFor: 3m}, {severity: idle, below: 100ms}], mode: Shadow}`)
	s := NewTrackedThreshold(plan)
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
		snap := snapshot(plan, time.Duration(step.minute)*time.Minute, value("/chat", step.chat), value("/stats", step.stat))
		s.Observe(snap)
		s.Observe(snap) // the same one again changes nothing
		if got := states(*s.Published()); got != step.want {
			t.Errorf("minute %d: states are %s, want %s", step.minute, got, step.want)
		}
	}
}

func TestShadowResumes(t *testing.T) {
	plan := newPlan(t, strings.Replace(latency, "{", "{mode: Shadow, ", 1))
	s := NewTrackedThreshold(plan)
	s.Observe(snapshot(plan, 0, value("/chat", 3)))
	status := statusOf(s, 1)

	again := NewTrackedThreshold(plan)
	again.Resume(status, 1, noon.Add(9*time.Minute))
	again.Observe(snapshot(plan, 9*time.Minute, value("/chat", 3)))
	if got, want := states(*again.Published()), "Pending warning=Pending critical=Inactive"; got != want {
		t.Errorf("states are %s, want %s", got, want)
	}
	again.Observe(snapshot(plan, 10*time.Minute, value("/chat", 3)))
	if got, want := states(*again.Published()), "Firing warning=Firing critical=Inactive"; got != want {
		t.Errorf("states are %s, want %s", got, want)
	}
	if got := again.Published().Levels[0].ActiveSince; !got.Equal(noon) {
		t.Errorf("active since %s, want %s", got, noon)
	}
}
