package alert

import (
	"reflect"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"go.yaml.in/yaml/v3"
)

func read(t *testing.T, text string) (Set, []Problem, bool) {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(text), &node); err != nil {
		t.Fatal(err)
	}
	return FromNode(&node)
}

func TestFromNode(t *testing.T) {
	const rules = `[{alert: A, expr: up == 0, for: 5m, keep_firing_for: 1m, labels: {tier: 1}}, {record: r, expr: sum(up)}]`
	for name, tc := range map[string]struct {
		text string
		want Ref
	}{
		"a PrometheusRule": {
			`{apiVersion: monitoring.coreos.com/v1, kind: PrometheusRule, metadata: {namespace: n, name: o}, spec: {groups: [{name: g, partial_response_strategy: warn, rules: ` + rules + `}]}}`,
			Ref{Namespace: "n", Object: "o"},
		},
		"a rule file":             {`groups: [{name: g, rules: ` + rules + `}]`, Ref{}},
		"a rule file of Mimir's":  {`{namespace: tenant, groups: [{name: g, source_tenants: [a], rules: ` + rules + `}]}`, Ref{Object: "tenant"}},
		"a group":                 {`{name: g, rules: ` + rules + `}`, Ref{}},
		"an answer of Mimir's":    {`tenant: [{name: g, rules: ` + rules + `}]`, Ref{Object: "tenant"}},
		"an alias for the groups": {`{groups: [{name: g, rules: &r ` + rules + `}]}`, Ref{}},
	} {
		t.Run(name, func(t *testing.T) {
			set, problems, isRules := read(t, tc.text)
			if !isRules || len(problems) > 0 || len(set.Alerts) != 1 || len(set.Records) != 1 {
				t.Fatalf("%v, %v, %+v", isRules, problems, set)
			}
			want := tc.want
			want.Group, want.Name, want.Line = "g", "A", 1
			got := set.Alerts[0]
			if got.Ref != want || got.For != 5*time.Minute || got.KeepFiringFor != time.Minute || got.Labels["tier"] != "1" {
				t.Errorf("alert = %+v, want %+v", got, want)
			}
			if r := set.Records[0]; r.Index != 1 || r.Name != "r" || r.Expr != "sum(up)" {
				t.Errorf("record = %+v", r)
			}
		})
	}
	for _, text := range []string{`kind: ConfigMap`, `a: b`, `[a]`, `{groups: {}, kind: Group}`, `{}`} {
		if _, _, isRules := read(t, text); isRules {
			t.Errorf("%s is read as rules", text)
		}
	}
}

func TestGroup(t *testing.T) {
	set, problems, _ := read(t, `
groups:
- {name: g, interval: 2m, limit: 3, query_offset: 30s, labels: {team: a, severity: none}, rules: [{alert: A, expr: up, labels: {severity: page}}]}
- {name: h, evaluation_delay: 1m, rules: [{alert: B, expr: up}]}
`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	offset, delay := 30*time.Second, time.Minute
	if want := (Evaluation{Interval: 2 * time.Minute, Limit: 3, QueryOffset: &offset}); !reflect.DeepEqual(set.Alerts[0].Evaluation, want) {
		t.Errorf("evaluation = %+v", set.Alerts[0].Evaluation)
	}
	if got := set.Alerts[0].Labels; got["team"] != "a" || got["severity"] != "page" {
		t.Errorf("labels = %v", got)
	}
	if got := set.Alerts[1]; got.Offset() != delay || got.Interval != 0 {
		t.Errorf("Mimir's delay = %+v", got)
	}
}

func TestProblems(t *testing.T) {
	set, problems, _ := read(t, `
groups:
- name: g
  rules:
  - {alert: A, expr: "up =="}
  - {alert: B, expr: up, labels: {a: '{{ $x }}'}}
  - {alert: C, expr: up}
  - {alert: D, record: d, expr: up}
  - {alert: E, expr: up, for: long}
- {name: g, rules: []}
- {rules: []}
`)
	var got []string
	for _, p := range problems {
		got = append(got, p.Message)
	}
	for i, says := range []string{"could not parse expression", "undefined variable", "only one of", "not a valid duration", "twice", "must have a name"} {
		if i >= len(got) || !strings.Contains(got[i], says) {
			t.Errorf("problem %d of %q, want it to say %q", i, got, says)
		}
	}
	if problems[0].Line != 5 || len(set.Alerts) != 1 || set.Alerts[0].Index != 2 {
		t.Errorf("line %d, alerts %+v", problems[0].Line, set.Alerts)
	}
}

func TestFromPrometheusRule(t *testing.T) {
	object := &monitoringv1.PrometheusRule{}
	object.Namespace, object.Name = "n", "o"
	hold := monitoringv1.Duration("5m")
	rule := monitoringv1.Rule{Alert: "A", For: &hold}
	rule.Expr.StrVal, rule.Expr.Type = "up == 0", 1
	broken := rule
	broken.Expr.StrVal = "up =="
	object.Spec.Groups = []monitoringv1.RuleGroup{{Name: "g", Rules: []monitoringv1.Rule{rule, broken}}}
	set, err := FromPrometheusRule(object)
	if err == nil || !strings.Contains(err.Error(), "PrometheusRule n/o") {
		t.Errorf("error = %v", err)
	}
	if want := (Ref{Namespace: "n", Object: "o", Group: "g", Name: "A"}); len(set.Alerts) != 1 || set.Alerts[0].Ref != want || set.Alerts[0].For != 5*time.Minute {
		t.Errorf("set = %+v", set)
	}
}
