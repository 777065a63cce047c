package observe

import (
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

func TestLoaded(t *testing.T) {
	plan := newPlan(t, latency)
	group := func(change func(*promapi.Group)) *Snapshot {
		snap, g := NewSnapshot(noon), answer(plan)
		change(&g)
		snap.AddGroup(g)
		return snap
	}
	none := func() *Snapshot { return NewSnapshot(noon) }
	selecting := func(selection Selection) *Snapshot { return &Snapshot{At: noon, Selection: &selection} }
	ruleSelector := func(labels map[string]string) *monitoringv1.Prometheus {
		p := &monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: "monitoring", Name: "main"}}
		p.Spec.RuleSelector = &metav1.LabelSelector{MatchLabels: labels}
		p.Spec.RuleNamespaceSelector = &metav1.LabelSelector{}
		return p
	}
	for name, tc := range map[string]struct {
		snap *Snapshot
		// missing is for how long the rule has been missing already.
		missing time.Duration
		status  metav1.ConditionStatus
		reason  string
		says    string
	}{
		"all well": {group(func(*promapi.Group) {}), 0, "True", v1alpha1.ReasonLoaded, "evaluates it every 30s"},
		"in parentheses": {group(func(g *promapi.Group) { g.Rules[0].Query = " (  " + g.Rules[0].Query + ")" }), 0, "Unknown",
			v1alpha1.ReasonExpressionDiffers, "another expression of the rule plimsoll:signal"},
		"another layout": {group(func(g *promapi.Group) { g.Rules[0].Query = strings.ReplaceAll(g.Rules[0].Query, ", ", " ,\n") }), 0, "True",
			v1alpha1.ReasonLoaded, ""},
		"labels added":    {group(func(g *promapi.Group) { g.Rules[3].Labels["cluster"] = "a" }), 0, "True", v1alpha1.ReasonLoaded, ""},
		"unreachable":     {&Snapshot{At: noon, Failure: "querying Prometheus: refused"}, time.Hour, "Unknown", v1alpha1.ReasonPrometheusUnreachable, "refused; the rule stays"},
		"on its way":      {none(), 0, "Unknown", v1alpha1.ReasonNotYetLoaded, "does not have PrometheusRule plimsoll-slow yet: it takes about a minute"},
		"just on its way": {none(), Grace - time.Second, "Unknown", v1alpha1.ReasonNotYetLoaded, "about a minute"},
		"overdue":         {none(), Grace, "False", v1alpha1.ReasonNotYetLoaded, "after more than 2m: check that the ruleSelector and ruleNamespaceSelector of a Prometheus or ThanosRuler"},
		"not selected": {selecting(Selection{
			Prometheuses: []*monitoringv1.Prometheus{ruleSelector(map[string]string{"release": "prometheus"})},
			RuleLabels:   map[string]string{"app.kubernetes.io/managed-by": "plimsoll"},
		}), 0, "False", v1alpha1.ReasonNotSelected, "Prometheus monitoring/main asks for rules with the labels release=prometheus; set ruleLabels in Helm (the controller's --rule-labels)"},
		"selected, on its way": {selecting(Selection{
			Prometheuses: []*monitoringv1.Prometheus{ruleSelector(map[string]string{"release": "prometheus"}), ruleSelector(nil)},
		}), 0, "Unknown", v1alpha1.ReasonNotYetLoaded, ""},
		"expression differs": {group(func(g *promapi.Group) { g.Rules[4].Query = "plimsoll:signal > 4" }), 0, "Unknown",
			v1alpha1.ReasonExpressionDiffers, "another expression of the rule Slow of level critical: plimsoll:signal > 4: it takes"},
		"for differs, overdue": {group(func(g *promapi.Group) { g.Rules[3].Duration = 300 }), time.Hour, "False",
			v1alpha1.ReasonExpressionDiffers, "another for or keep_firing_for of the rule Slow of level warning: 5m and 0s, after more than 2m: look"},
		"keep_firing_for differs": {group(func(g *promapi.Group) { g.Rules[3].KeepFiringFor = 300 }), 0, "Unknown",
			v1alpha1.ReasonExpressionDiffers, "10m and 5m"},
		"label differs": {group(func(g *promapi.Group) { g.Rules[4].Labels["severity"] = "page" }), 0, "Unknown",
			v1alpha1.ReasonExpressionDiffers, "without the rule Slow of level critical"},
		"one too many": {group(func(g *promapi.Group) { g.Rules = append(g.Rules, g.Rules[4]) }), 0, "Unknown",
			v1alpha1.ReasonExpressionDiffers, "holds 6 rules instead of 5"},
		"evaluation fails": {group(func(g *promapi.Group) {
			g.Rules[0].Health, g.Rules[0].LastError = prometheusv1.RuleHealthBad, "found duplicate series"
			g.Rules[3].Health, g.Rules[3].LastError = prometheusv1.RuleHealthBad, "other"
		}), 0, "False", v1alpha1.ReasonEvaluationFailed, "cannot evaluate the rule plimsoll:signal: found duplicate series"},
		"evaluation fails at length": {group(func(g *promapi.Group) {
			g.Rules[0].Health, g.Rules[0].LastError = prometheusv1.RuleHealthBad, strings.Repeat("é", 100_000)
		}), 0, "False", v1alpha1.ReasonEvaluationFailed, "é..."},
		"not evaluated": {group(func(g *promapi.Group) { g.Rules[4].Health = prometheusv1.RuleHealthUnknown }), 0, "Unknown",
			v1alpha1.ReasonNotYetEvaluated, "has not evaluated it yet"},
	} {
		t.Run(name, func(t *testing.T) {
			s := NewTrackedThreshold(plan)
			if tc.missing > 0 {
				s.SetAbsentSince(noon.Add(-tc.missing))
			}
			if !s.Observe(tc.snap) {
				t.Fatal("a first observation is not told")
			}
			got := s.Published().Loaded
			if got.Status != tc.status || got.Reason != tc.reason || !strings.Contains(got.Message, tc.says) {
				t.Errorf("verdict is %+v, want %s %s saying %q", got, tc.status, tc.reason, tc.says)
			}
		})
	}
}

func TestTruncate(t *testing.T) {
	for text, want := range map[string]string{
		"short":            "short",
		"exactly 10":       "exactly 10",
		"more than ten":    "more th...",
		"sechs ü, zu lang": "sechs ...",
	} {
		if got := Truncate(text, 10); got != want {
			t.Errorf("Truncate(%q) = %q, want %q", text, got, want)
		}
	}
}
