package observe

import (
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// TestLate: a rule is late when Prometheus was seen without it, in one way, for long. When why it is missing ends, the time
// begins, also over a restart of the controller.
func TestLate(t *testing.T) {
	plan := newPlan(t, latency)
	loaded := func(change func(*promapi.Group)) func(*Snapshot) {
		return func(snap *Snapshot) {
			group := answer(plan)
			change(&group)
			snap.AddGroup(group)
		}
	}
	absent := func(*Snapshot) {}
	away := func(snap *Snapshot) { snap.Failure = "refused" }
	notSelected := func(snap *Snapshot) {
		snap.Selection = &Selection{Prometheuses: []*monitoringv1.Prometheus{{}}}
	}
	well := loaded(func(*promapi.Group) {})
	differs := loaded(func(g *promapi.Group) { g.Rules[3].Query = "vector(1)" })
	unevaluated := loaded(func(g *promapi.Group) { g.Rules[3].Health = prometheusv1.RuleHealthUnknown })
	fails := loaded(func(g *promapi.Group) { g.Rules[3].Health = prometheusv1.RuleHealthBad })
	for name, tc := range map[string]struct {
		// before is what was seen for ten minutes, then is seen a moment later.
		before, then func(*Snapshot)
		reason       string
		late         bool
	}{
		"missing, still":               {absent, absent, v1alpha1.ReasonNotYetLoaded, true},
		"another expression, still":    {differs, differs, v1alpha1.ReasonExpressionDiffers, true},
		"not evaluated, still":         {unevaluated, unevaluated, v1alpha1.ReasonNotYetEvaluated, true},
		"selected now":                 {notSelected, absent, v1alpha1.ReasonNotYetLoaded, false},
		"selected now, and an old":     {notSelected, differs, v1alpha1.ReasonExpressionDiffers, false},
		"not evaluated yet":            {absent, unevaluated, v1alpha1.ReasonNotYetEvaluated, false},
		"an earlier one is there":      {absent, differs, v1alpha1.ReasonExpressionDiffers, false},
		"another expression, gone":     {differs, absent, v1alpha1.ReasonNotYetLoaded, false},
		"Prometheus answers again":     {away, absent, v1alpha1.ReasonNotYetLoaded, false},
		"could not be evaluated":       {fails, absent, v1alpha1.ReasonNotYetLoaded, false},
		"was evaluated":                {well, absent, v1alpha1.ReasonNotYetLoaded, false},
		"rewritten, loaded in part":    {well, differs, v1alpha1.ReasonExpressionDiffers, false},
		"not selected, never loaded":   {absent, notSelected, v1alpha1.ReasonNotSelected, true},
		"the failure is known at once": {absent, fails, v1alpha1.ReasonEvaluationFailed, true},
	} {
		for _, restarted := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				s := NewTrackedThreshold(plan)
				for _, after := range []time.Duration{0, 5 * time.Minute, 10 * time.Minute} {
					snap := NewSnapshot(noon.Add(after))
					tc.before(snap)
					s.Observe(snap)
				}
				now := noon.Add(10*time.Minute + 13*time.Second)
				if restarted {
					status := statusOf(s, 1)
					s = NewTrackedThreshold(plan)
					s.Resume(status, 1, now)
				}
				snap := NewSnapshot(now)
				tc.then(snap)
				s.Observe(snap)
				want := metav1.ConditionUnknown
				if tc.late {
					want = metav1.ConditionFalse
				}
				if got := s.Published().Loaded; got.Reason != tc.reason || got.Status != want {
					t.Errorf("restarted %v: verdict is %+v, want %s %s", restarted, got, want, tc.reason)
				}
			})
		}
	}
}

// TestLateAfterAnAbsence: the time in which Prometheus could not be asked does not count.
func TestLateAfterAnAbsence(t *testing.T) {
	s := NewTrackedThreshold(newPlan(t, latency))
	s.Observe(NewSnapshot(noon))
	s.Observe(&Snapshot{At: noon.Add(time.Minute), Failure: "refused"})
	s.Observe(NewSnapshot(noon.Add(time.Hour)))
	if got := s.Published().Loaded; got.Status != metav1.ConditionUnknown || got.Reason != v1alpha1.ReasonNotYetLoaded {
		t.Errorf("after an hour without Prometheus the verdict is %+v", got)
	}
}
