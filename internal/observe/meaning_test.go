package observe

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus-community/prom-label-proxy/injectproxy"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// enforce does to a group what the Prometheus Operator does with enforcedNamespaceLabel.
func enforce(t *testing.T, group promapi.Group, label, value string) promapi.Group {
	t.Helper()
	enforcer := injectproxy.NewPromQLEnforcer(false, labels.MustNewMatcher(labels.MatchEqual, label, value))
	for i := range group.Rules {
		rule := &group.Rules[i]
		query, err := enforcer.Enforce(rule.Query)
		if err != nil {
			t.Fatal(err)
		}
		rule.Query = query
		rule.Labels[model.LabelName(label)] = model.LabelValue(value)
	}
	return group
}

// TestEnforcedLabel: every sample is loaded as it should be where the operator enforces a label.
func TestEnforcedLabel(t *testing.T) {
	samples, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil || len(samples) == 0 {
		t.Fatalf("samples %v, %v", samples, err)
	}
	for _, path := range samples {
		text, err := os.ReadFile(filepath.Clean(path))
		if err != nil {
			t.Fatal(err)
		}
		at := &v1alpha1.AlertThreshold{}
		if err := yaml.UnmarshalStrict(text, at); err != nil {
			t.Fatal(err)
		}
		at.Namespace = "ai"
		plan, errs := rules.Resolve(at)
		if len(errs) > 0 {
			t.Fatal(errs.ToAggregate())
		}
		if plan.Mode == v1alpha1.ModeOff {
			continue
		}
		for _, label := range []string{"tenant", "namespace"} {
			t.Run(filepath.Base(path)+" "+label, func(t *testing.T) {
				s, snap := NewTrackedThreshold(plan), NewSnapshot(noon)
				snap.AddGroup(enforce(t, answer(plan), label, "ai"))
				s.Observe(snap)
				if got := s.Published().Loaded; got.Status != metav1.ConditionTrue {
					t.Errorf("verdict is %+v", got)
				}
			})
		}
	}
}

func TestSameMeaning(t *testing.T) {
	const ratio = `sum(rate(errors_total{job="a"}[5m])) / sum(rate(all_total{job="a"}[5m])) > 0.05`
	for name, tc := range map[string]struct {
		ours, held string
		want       bool
	}{
		"the same":                 {ratio, ratio, true},
		"another layout":           {ratio, strings.ReplaceAll(ratio, " / ", "\n/ "), true},
		"another order":            {`x{a="1",b="2"}`, `x{b="2",a="1"}`, true},
		"added to every selector":  {ratio, `sum(rate(errors_total{job="a",tenant="ai"}[5m])) / sum(rate(all_total{tenant="ai",job="a"}[5m])) > 0.05`, true},
		"two added":                {`x > 1`, `x{cluster="c",tenant="ai"} > 1`, true},
		"in a subquery":            {`max_over_time(rate(x[1m])[5m:30s])`, `max_over_time(rate(x{tenant="ai"}[1m])[5m:30s])`, true},
		"in a parameter as well":   {`quantile(scalar(q), x)`, `quantile(scalar(q{tenant="ai"}), x{tenant="ai"})`, true},
		"but in the parameter":     {`quantile(scalar(q), x)`, `quantile(scalar(q), x{tenant="ai"})`, true},
		"in the parameter alone":   {`quantile(scalar(q), x)`, `quantile(scalar(q{tenant="ai"}), x)`, false},
		"added to one alone":       {ratio, `sum(rate(errors_total{job="a",tenant="ai"}[5m])) / sum(rate(all_total{job="a"}[5m])) > 0.05`, false},
		"another value in one":     {`x / y`, `x{tenant="ai"} / y{tenant="other"}`, false},
		"no equality":              {`x > 1`, `x{tenant!="ai"} > 1`, false},
		"a pattern":                {`x > 1`, `x{tenant=~"ai"} > 1`, false},
		"of a label that is ours":  {`x{tenant=~"a.*"} > 1`, `x{tenant="ai"} > 1`, false},
		"beside ours":              {`x{tenant=~"a.*"} > 1`, `x{tenant=~"a.*",tenant="ai"} > 1`, false},
		"ours in one":              {`x{tenant="ai"} / y`, `x{tenant="ai"} / y{tenant="ai"}`, false},
		"removed":                  {`x{job="a"} > 1`, `x > 1`, false},
		"changed":                  {`x{job="a"} > 1`, `x{job="b"} > 1`, false},
		"another name":             {`{job="a"} > 1`, `x{job="a"} > 1`, false},
		"another number":           {`x > 1`, `x{tenant="ai"} > 2`, false},
		"another function":         {`rate(x[5m])`, `irate(x{tenant="ai"}[5m])`, false},
		"another window":           {`rate(x[5m])`, `rate(x{tenant="ai"}[10m])`, false},
		"another grouping":         {`sum by (a) (x)`, `sum by (a, tenant) (x{tenant="ai"})`, false},
		"an offset":                {`x > 1`, `x{tenant="ai"} offset 5m > 1`, false},
		"one selector more":        {`x > 1`, `x{tenant="ai"} > 1 unless y{tenant="ai"}`, false},
		"without any":              {`vector(5)`, `vector(5)`, true},
		"without any, and another": {`vector(5)`, `vector(4)`, false},
		"what cannot be read":      {`x > 1`, `x >`, false},
		"neither of which can be":  {`x >`, `x >`, true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := equivalent(tc.ours, tc.held); got != tc.want {
				t.Errorf("%s and %s: the same %v, want %v", tc.ours, tc.held, got, tc.want)
			}
		})
	}
}

// TestEnforcedLabelIsNoNews: a label that the rule adds to every series tells nothing of the one that is shown.
func TestEnforcedLabelIsNoNews(t *testing.T) {
	plan := newPlan(t, latency)
	snap := NewSnapshot(noon)
	group := enforce(t, answer(plan), "tenant", "ai")
	snap.AddGroup(activate(group, "warning", promapi.Alert{State: prometheusv1.AlertStatePending, ActiveAt: noon}))
	snap.AddThresholds(levels(plan))
	for _, sample := range []*model.Sample{value("/a", 1), value("/b", 3)} {
		sample.Metric["tenant"] = "ai"
		snap.AddSignals(model.Vector{sample})
	}
	s := NewTrackedThreshold(plan)
	s.Observe(snap)
	got := s.Published()
	if got.State != v1alpha1.StatePending || len(got.CurrentLabels) != 1 || got.CurrentLabels["endpoint"] != "/b" {
		t.Errorf("published %+v, want it pending by endpoint /b", got)
	}
}

// TestUnconfinedAndEnforced: a rule that is meant to read every namespace is loaded, and said to be confined, where the operator adds a
// label to it; where it puts another value into it, Prometheus holds another expression.
func TestUnconfinedAndEnforced(t *testing.T) {
	for name, tc := range map[string]struct {
		expr, label string
		confines    bool
		reason      string
		says        string
	}{
		"as it is":        {"up", "", false, v1alpha1.ReasonLoaded, ""},
		"enforced":        {"up", "namespace", false, v1alpha1.ReasonLoaded, `; but the Prometheus Operator adds namespace="ai" to it, so that it reads no other namespace; where the Prometheus object has enforcedNamespaceLabel, exclude the rule: excludedFromEnforcement: [{group: monitoring.coreos.com, resource: prometheusrules, namespace: ai, name: plimsoll-slow}]`},
		"another label":   {"sum by (pod) (up) / x", "tenant", false, v1alpha1.ReasonLoaded, `adds tenant="ai" to it`},
		"a namespace":     {`up{namespace="bank"}`, "namespace", false, v1alpha1.ReasonNotYetLoaded, ""},
		"no selector":     {"vector(1)", "namespace", false, v1alpha1.ReasonLoaded, ""},
		"confined anyway": {"up", "tenant", true, v1alpha1.ReasonLoaded, ""},
	} {
		t.Run(name, func(t *testing.T) {
			at := &v1alpha1.AlertThreshold{}
			at.Namespace, at.Name = "ai", "slow"
			at.Spec.Alert, at.Spec.Expr, at.Spec.Levels = "Slow", tc.expr, []v1alpha1.Level{{Severity: "warning", Above: "1"}}
			o := rules.Options{UnconfinedNamespaces: []string{"ai"}}
			if tc.confines {
				o = rules.Options{}
			}
			plan, errs := o.Resolve(at)
			if len(errs) > 0 {
				t.Fatal(errs.ToAggregate())
			}
			group := answer(plan)
			if tc.label != "" {
				group = enforce(t, group, tc.label, "ai")
			}
			s, snap := NewTrackedThreshold(plan), NewSnapshot(noon)
			snap.AddGroup(group)
			s.Observe(snap)
			got := s.Published().Loaded
			if tc.reason == v1alpha1.ReasonNotYetLoaded { // another expression, for too long
				late := NewSnapshot(noon.Add(2 * Grace))
				late.AddGroup(group)
				s.Observe(late)
				got = s.Published().Loaded
				if got.Reason != v1alpha1.ReasonExpressionDiffers || !strings.Contains(got.Message, "excludedFromEnforcement") {
					t.Errorf("Loaded is %+v", got)
				}
				return
			}
			if got.Reason != tc.reason || !strings.Contains(got.Message, tc.says) || strings.Contains(got.Message, "excludedFromEnforcement") != (tc.says != "") {
				t.Errorf("Loaded is %+v, want %s saying %q", got, tc.reason, tc.says)
			}
		})
	}
}
