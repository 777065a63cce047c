package observe

import (
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

func TestMisses(t *testing.T) {
	team := &metav1.LabelSelector{MatchLabels: map[string]string{"team": "a"}}
	all := &metav1.LabelSelector{}
	bad := &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "a", Operator: "Near"}}}
	for name, tc := range map[string]struct {
		rule, namespace *metav1.LabelSelector
		in              string
		says            string
	}{
		"everything":          {all, all, "monitoring", ""},
		"by its labels":       {&metav1.LabelSelector{MatchLabels: map[string]string{"release": "prometheus"}}, all, "monitoring", ""},
		"by namespace labels": {all, team, "monitoring", ""},
		"its own namespace":   {all, nil, "ai", ""},
		"another's namespace": {all, nil, "monitoring", "has no ruleNamespaceSelector"},
		"no rules":            {nil, all, "monitoring", "has no ruleSelector"},
		"other labels":        {team, all, "monitoring", "asks for rules with the labels team=a"},
		"an unreadable one":   {bad, all, "monitoring", "asks for rules"},
		"other namespaces":    {all, &metav1.LabelSelector{MatchLabels: map[string]string{"team": "b"}}, "monitoring", "asks for namespaces with the labels team=b"},
		"neither of both":     {team, nil, "monitoring", "labels team=a and has no ruleNamespaceSelector"},
	} {
		t.Run(name, func(t *testing.T) {
			prometheus := &monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: tc.in, Name: "main"}}
			prometheus.Spec.RuleSelector, prometheus.Spec.RuleNamespaceSelector = tc.rule, tc.namespace
			s := &Selection{
				Prometheuses: []*monitoringv1.Prometheus{prometheus},
				Namespaces:   map[string]map[string]string{"ai": {"team": "a"}},
				RuleLabels:   map[string]string{"release": "prometheus"},
			}
			ruler := &monitoringv1.ThanosRuler{ObjectMeta: prometheus.ObjectMeta}
			ruler.Spec.RuleSelector, ruler.Spec.RuleNamespaceSelector = tc.rule, tc.namespace
			byRuler := *s
			byRuler.Prometheuses, byRuler.ThanosRulers = nil, []*monitoringv1.ThanosRuler{ruler}
			for kind, s := range map[string]*Selection{"Prometheus": s, "ThanosRuler": &byRuler} {
				says := tc.says
				if says != "" {
					says = kind + " " + tc.in + "/main "
				}
				got := s.WhyNotSelected("ai", "fix it")
				if (got == "") != (says == "") || !strings.Contains(got, says) || !strings.Contains(got, tc.says) {
					t.Errorf("misses = %q, want it to say %q and %q", got, says, tc.says)
				}
			}
		})
	}
	if got := (&Selection{}).WhyNotSelected("ai", "fix it"); !strings.Contains(got, "no Prometheus or ThanosRuler object") {
		t.Errorf("without any: %q", got)
	}
	var unknown *Selection
	if got := unknown.WhyNotSelected("ai", "fix it"); got != "" {
		t.Errorf("not known: %q", got)
	}
}

// TestSelectedByOne: what one object selects, of either kind, is not missed because others do not.
func TestSelectedByOne(t *testing.T) {
	prometheus := &monitoringv1.Prometheus{}
	ruler := &monitoringv1.ThanosRuler{}
	s := &Selection{Prometheuses: []*monitoringv1.Prometheus{prometheus}, ThanosRulers: []*monitoringv1.ThanosRuler{ruler}}
	if got := s.WhyNotSelected("ai", "fix it"); !strings.Contains(got, "Prometheus / has no ruleSelector") || !strings.Contains(got, "ThanosRuler / has no ruleSelector") {
		t.Errorf("neither: %q", got)
	}
	ruler.Spec.RuleSelector, ruler.Spec.RuleNamespaceSelector = &metav1.LabelSelector{}, &metav1.LabelSelector{}
	if got := s.WhyNotSelected("ai", "fix it"); got != "" {
		t.Errorf("the ThanosRuler does: %q", got)
	}
}

func TestSharded(t *testing.T) {
	all := &metav1.LabelSelector{}
	for name, tc := range map[string]struct {
		shards   *int32
		selector *metav1.LabelSelector
		says     string
	}{
		"two shards":          {ptr.To[int32](2), all, "Prometheus monitoring/main has 2 shards, and each evaluates the rule over its own targets"},
		"one shard":           {ptr.To[int32](1), all, ""},
		"not said":            {nil, all, ""},
		"another's two":       {ptr.To[int32](2), nil, ""},
		"what is scaled down": {ptr.To[int32](0), all, ""},
	} {
		t.Run(name, func(t *testing.T) {
			prometheus := &monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: "monitoring", Name: "main"}}
			prometheus.Spec.Shards, prometheus.Spec.RuleSelector, prometheus.Spec.RuleNamespaceSelector = tc.shards, tc.selector, all
			plan := newPlan(t, latency)
			snap := snapshot(plan, 0, value("/a", 1))
			snap.Selection = &Selection{Prometheuses: []*monitoringv1.Prometheus{prometheus}}
			s := NewTrackedThreshold(plan)
			s.Observe(snap)
			got := s.Published().Loaded
			if got.Status != metav1.ConditionTrue || strings.Contains(got.Message, "shards") != (tc.says != "") || !strings.Contains(got.Message, tc.says) {
				t.Errorf("verdict is %+v, want it to say %q", got, tc.says)
			}
		})
	}
}
