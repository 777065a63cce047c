//go:build integration

package controller_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus-community/prom-label-proxy/injectproxy"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/model/labels"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

const thanosRulerCRD = "testdata/thanosrulers.yaml"

// TestSelection takes a threshold from a cluster where a ThanosRuler does not select its rule to one where it does, and then a
// Prometheus with shards.
func TestSelection(t *testing.T) {
	s := newStage(t)
	if err := installCRDs(s.cfg, thanosRulerCRD); err != nil {
		t.Fatal(err)
	}
	ruler := &monitoringv1.ThanosRuler{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "ruler"}}
	ruler.Spec.RuleSelector = &metav1.LabelSelector{MatchLabels: map[string]string{"thanos": "yes"}}
	if err := s.admin.Create(t.Context(), ruler); err != nil {
		t.Fatal(err)
	}
	stop := s.control(t)
	defer func() { stop() }()
	s.create(t, "much", `{alert: Much, expr: sum(measured), levels: [{severity: warning, above: 5}]}`)
	says := func(reason string, status metav1.ConditionStatus, state v1alpha1.State, text string) {
		t.Helper()
		expectCondition(t, s.wait(t, "much", reason, state), v1alpha1.ConditionLoaded, status, 1, text)
	}
	says(v1alpha1.ReasonNotSelected, metav1.ConditionFalse, v1alpha1.StateUnknown,
		"ThanosRuler default/ruler asks for rules with the labels thanos=yes; set ruleLabels in Helm")

	// The controller starts again and finds the label mended: the rule is on its way, though it has been missing for long.
	stop()
	ruler.Spec.RuleSelector = &metav1.LabelSelector{}
	if err := s.admin.Update(t.Context(), ruler); err != nil {
		t.Fatal(err)
	}
	stop = s.control(t)
	says(v1alpha1.ReasonNotYetLoaded, metav1.ConditionUnknown, v1alpha1.StateUnknown, "it takes about a minute")

	prometheus := &monitoringv1.Prometheus{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "main"}}
	prometheus.Spec.RuleSelector, prometheus.Spec.Shards = &metav1.LabelSelector{}, ptr.To[int32](2)
	if err := s.admin.Create(t.Context(), prometheus); err != nil {
		t.Fatal(err)
	}
	time.Sleep(2 * observeInterval) // an operator takes longer to bring the rule
	s.sync(t)
	defer func() { s.stopSync() }()
	says(v1alpha1.ReasonLoaded, metav1.ConditionTrue, v1alpha1.StateInactive, "Prometheus default/main has 2 shards")
}

// TestEnforcedNamespaceLabel gives a Prometheus the rules as an operator with enforcedNamespaceLabel: tenant writes them, and
// then others.
func TestEnforcedNamespaceLabel(t *testing.T) {
	s := newStage(t)
	defer s.control(t)()
	s.gauges.set(map[string]float64{"a": 1, "b": 9})
	s.create(t, "much", `{alert: Much, expr: measured / on (series) group_left () (0 * measured + 1), levels: [{severity: warning, above: 5}]}`)
	rule := &monitoringv1.PrometheusRule{}
	waitFor(t, s.admin, "default", "much", v1alpha1.ConditionProgrammed, v1alpha1.ReasonRuleApplied)
	if err := s.admin.Get(t.Context(), client.ObjectKey{Namespace: "default", Name: "plimsoll-much"}, rule); err != nil {
		t.Fatal(err)
	}
	enforcer := injectproxy.NewPromQLEnforcer(false, labels.MustNewMatcher(labels.MatchEqual, "tenant", "default"))
	for _, group := range rule.Spec.Groups {
		for i := range group.Rules {
			expr, err := enforcer.Enforce(group.Rules[i].Expr.String())
			if err != nil {
				t.Fatal(err)
			}
			group.Rules[i].Expr = intstr.FromString(expr)
			group.Rules[i].Labels["tenant"] = "default"
		}
	}
	load := func() {
		t.Helper()
		text, err := yaml.Marshal(rule.Spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(s.server.RulesDir(), "much.yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		s.server.Reload()
	}
	load()
	got := s.wait(t, "much", v1alpha1.ReasonLoaded, v1alpha1.StateFiring).Status
	if got.CurrentLabels["series"] != "b" || got.CurrentLabels["tenant"] != "" {
		t.Errorf("the labels beside the value are %v, want those of series b without tenant", got.CurrentLabels)
	}

	signal := &rule.Spec.Groups[0].Rules[0]
	enforced := signal.Expr.String()
	signal.Expr = intstr.FromString(strings.Replace(enforced, `tenant="default"`, `tenant!="default"`, 1))
	load()
	s.wait(t, "much", v1alpha1.ReasonExpressionDiffers, v1alpha1.StateUnknown)
	signal.Expr = intstr.FromString(enforced)
	load()
	s.wait(t, "much", v1alpha1.ReasonLoaded, v1alpha1.StateFiring)
}
