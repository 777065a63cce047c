package observe

import (
	"strings"
	"testing"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

func TestProbes(t *testing.T) {
	many := func(server string) string { return strings.Repeat(server, maxProbes) }
	for name, tc := range map[string]struct {
		// seen are the servers, one letter each; a blank is one that does not say.
		seen string
		want Servers
	}{
		"none yet":                     {"", ServersUnknown},
		"one, not for long":            {"aaa", ServersUnknown},
		"one":                          {many("a"), OneServer},
		"one that was restarted":       {many("a") + "b", OneServer},
		"one restarted twice":          {"aaaaaaaaaabbbbbcccccccccc", OneServer},
		"two":                          {"aba", SeveralServers},
		"two, in no order":             {"aabbba", SeveralServers},
		"three":                        {"abcb", SeveralServers},
		"two, one of them restarted":   {"abcac", SeveralServers},
		"two of which one remains":     {"abab" + many("b"), OneServer},
		"one that does not always say": {"a a a", ServersUnknown},
		"one that never says":          {many(" "), ServersUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			var p Probes
			for _, server := range strings.Split(tc.seen, "") {
				p.Add(strings.TrimSpace(server))
			}
			if got := p.Servers(); got != tc.want {
				t.Errorf("servers = %d, want %d", got, tc.want)
			}
		})
	}
}

// TestSeveralServersAreTold in words that stay over a restart, until it is known again.
func TestSeveralServersAreTold(t *testing.T) {
	plan := newPlan(t, latency)
	s := NewTrackedThreshold(plan)
	told := func(after time.Duration, servers Servers) bool {
		snap := snapshot(plan, after, value("/a", 1))
		snap.Servers = servers
		s.Observe(snap)
		return strings.Contains(s.Published().Loaded.Message, "several Prometheus servers")
	}
	restart := func(after time.Duration) {
		status := statusOf(s, 1)
		s = NewTrackedThreshold(plan)
		s.Resume(status, 1, noon.Add(after))
	}
	for _, step := range []struct {
		name      string
		after     time.Duration
		restarted bool
		servers   Servers
		want      bool
	}{
		{"not known", 0, false, ServersUnknown, false},
		{"several", SmallChanges, false, SeveralServers, true},
		{"restarted", 2 * SmallChanges, true, ServersUnknown, true},
		{"still not known", 3 * SmallChanges, false, ServersUnknown, true},
		{"one remains", 4 * SmallChanges, false, OneServer, false},
		{"restarted, after one", 5 * SmallChanges, true, ServersUnknown, false},
	} {
		if step.restarted {
			restart(step.after)
		}
		if got := told(step.after, step.servers); got != step.want {
			t.Errorf("%s: told %v, want %v", step.name, got, step.want)
		}
	}
}

// TestContradiction: an alert and a value that cannot be of one evaluation of one server are not told together.
func TestContradiction(t *testing.T) {
	const level = `{alert: A, expr: x, levels: [{severity: warning, above: 5}]}`
	const kept = `{alert: A, expr: x, levels: [{severity: warning, above: 5, keepFiringFor: 1h}]}`
	firing := []promapi.Alert{{State: prometheusv1.AlertStateFiring, ActiveAt: noon}}
	pending := []promapi.Alert{{State: prometheusv1.AlertStatePending, ActiveAt: noon}}
	for name, tc := range map[string]struct {
		spec   string
		alerts []promapi.Alert
		values model.Vector
		want   v1alpha1.State
	}{
		"inactive beyond the level":        {level, nil, model.Vector{value("", 10)}, v1alpha1.StateUnknown},
		"firing within it":                 {level, firing, model.Vector{value("", 0)}, v1alpha1.StateUnknown},
		"pending within it":                {level, pending, model.Vector{value("", 5)}, v1alpha1.StateUnknown},
		"inactive, one series beyond":      {level, nil, model.Vector{value("/a", 0), value("/b", 6)}, v1alpha1.StateUnknown},
		"firing, one series beyond":        {level, firing, model.Vector{value("/a", 0), value("/b", 6)}, v1alpha1.StateFiring},
		"inactive within it":               {level, nil, model.Vector{value("", 5)}, v1alpha1.StateInactive},
		"kept firing within it":            {kept, firing, model.Vector{value("", 0)}, v1alpha1.StateFiring},
		"kept firing, but inactive beyond": {kept, nil, model.Vector{value("", 10)}, v1alpha1.StateUnknown},
		"firing, and the value is gone":    {level, firing, nil, v1alpha1.StateFiring},
	} {
		t.Run(name, func(t *testing.T) {
			plan := newPlan(t, tc.spec)
			s := NewTrackedThreshold(plan)
			s.Observe(snapshot(plan, 0, value("", 1)))
			for _, after := range []time.Duration{time.Second, Grace, Grace + time.Second} {
				snap := NewSnapshot(noon.Add(after))
				snap.AddGroup(activate(answer(plan), "warning", tc.alerts...))
				snap.AddThresholds(levels(plan))
				snap.AddSignals(tc.values)
				told := s.Observe(snap)
				if tc.want == v1alpha1.StateUnknown && after < Grace+time.Second && told {
					t.Fatalf("after %s told %+v", after, s.Published())
				}
			}
			got := s.Published()
			if got.State != tc.want || got.Loaded.Status != metav1.ConditionTrue {
				t.Errorf("published %+v, want %s", got, tc.want)
			}
			if says := strings.Contains(got.Loaded.Message, "contradict each other"); says != (tc.want == v1alpha1.StateUnknown) {
				t.Errorf("message is %q", got.Loaded.Message)
			}
		})
	}
}

// TestValuesAt: values are asked for as of the evaluation that gave the alerts, unless that is long ago or the clocks differ.
func TestValuesAt(t *testing.T) {
	for name, tc := range map[string]struct {
		evaluated []time.Time
		want      time.Time
	}{
		"the last of all":   {[]time.Time{noon.Add(-9 * time.Second), noon.Add(-2 * time.Second), noon.Add(-5 * time.Second)}, noon.Add(-2 * time.Second)},
		"its clock is fast": {[]time.Time{noon.Add(10 * time.Second)}, noon.Add(10 * time.Second)},
		"stands still":      {[]time.Time{noon.Add(-time.Hour)}, time.Time{}},
		"another time zone": {[]time.Time{noon.Add(time.Hour)}, time.Time{}},
		"not evaluated":     {[]time.Time{{}}, time.Time{}},
		"no rules":          {nil, time.Time{}},
	} {
		t.Run(name, func(t *testing.T) {
			snap := NewSnapshot(noon)
			for _, at := range tc.evaluated {
				snap.AddGroup(promapi.Group{Name: "plimsoll.ai.slow", Interval: 30, LastEvaluation: at})
			}
			if got := snap.ValuesAt(); !got.Equal(tc.want) {
				t.Errorf("values at %s, want %s", got, tc.want)
			}
		})
	}
}
