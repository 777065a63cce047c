package alert

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
)

func TestSplit(t *testing.T) {
	for expr, want := range map[string]string{
		"up == 0":                      "up == 0",
		"rate(a[5m]) > 0.5":            "rate(a[5m]) > 0.5",
		"(rate(a[5m])) >= (14.4*0.01)": "rate(a[5m]) >= 0.14400000000000002",
		"5 < a":                        "a > 5",
		"-1 >= a":                      "a <= -1",
		"a / b != 1":                   "a / b != 1",
		"a > 1 < 2":                    "a > 1 < 2",
		"a > bool 1":                   "",
		"a > b":                        "",
		"a > scalar(b)":                "",
		"a and b > 1":                  "",
		"a > 1e400":                    "",
		"absent(a)":                    "",
		"1 < bool 2":                   "",
		"a > time()":                   "",
	} {
		s, ok := Rule{Expr: expr}.Split()
		got := ""
		if ok {
			got = s.Value + " " + s.Op + " " + model.SampleValue(s.Level).String()
		}
		if got != want {
			t.Errorf("%s splits into %q, want %q", expr, got, want)
		}
	}
	atLeast, _ := Rule{Expr: "a >= 5"}.Split()
	if level, ok := atLeast.Above(); !ok || !(5 > level) || 4.999999999999999 > level {
		t.Errorf("at least 5 is above %v, %v", level, ok)
	}
	if _, ok := atLeast.Below(); ok {
		t.Error("at least 5 is below something")
	}
}

func TestQuery(t *testing.T) {
	set, problems, _ := read(t, `
groups:
- name: g
  interval: 1m
  rules:
  - {record: sum, expr: 'sum by (job) (up)', labels: {by: rule}}
  - {record: five, expr: '5'}
  - {record: two, expr: 'a'}
  - {record: two, expr: 'b'}
  - {record: loop, expr: 'loop + 1'}
  - {alert: A, expr: '_'}
  - {record: late, expr: 'c'}
- name: other
  rules: [{record: far, expr: 'sum(up)'}]
`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	const sum = `(label_replace(sum by (job) (up), "by", "rule", "", ""))`
	const marked = `label_replace(vector(1), "plimsoll_match", "1", "", "")`
	for expr, tc := range map[string]struct {
		want    string
		each    bool
		inexact string
	}{
		"up == 0":                           {want: "up == 0"},
		"sum > five":                        {want: "(" + sum + ") > ((vector(5)))"},
		"two":                               {want: "((a) or (b))"},
		"sum offset 2m":                     {want: `((label_replace(sum by (job) (up offset 2m), "by", "rule", "", "")))`},
		"sum offset 90s":                    {want: `((label_replace(sum by (job) (up offset 1m30s), "by", "rule", "", "")))`, inexact: "no whole number"},
		"far":                               {want: "((sum(up)))", inexact: "evaluated at other times"},
		"late":                              {want: "((c))", inexact: "evaluated before"},
		"loop":                              {want: "((loop offset 1ms + 1))", inexact: "reads itself"},
		"sum @ 5":                           {want: "sum @ 5.000", inexact: "with @"},
		"up @ 5":                            {want: "up @ 5.000", inexact: "a fixed time"},
		"up offset -5m":                     {want: "up offset -5m", inexact: "after the evaluation"},
		"max_over_time((five > 1)[10m:1m])": {want: "max_over_time((((vector(5))) > 1)[10m:1m])", inexact: "steps of the subquery"},
		"sum by (__name__) (five)":          {want: "sum by (__name__) (((vector(5))))", inexact: "have no name"},
		"avg_over_time(sum[1h])":            {want: "avg_over_time((" + sum + ")[1h:1m])", inexact: "subquery"},
		`sum{job="a.b"}`:                    {want: `(label_replace(label_replace(` + sum + `, "plimsoll_match", "1", "job", "a\\.b") and on (plimsoll_match) ` + marked + `, "plimsoll_match", "", "", ""))`},
		`sum{job!~"a|b"}`:                   {want: `(label_replace(label_replace(` + sum + `, "plimsoll_match", "1", "job", "a|b") unless on (plimsoll_match) ` + marked + `, "plimsoll_match", "", "", ""))`},
		"up @ end()":                        {want: "up"},
		"rate(up[5m] @ start())":            {want: "rate(up[5m])"},
		"max_over_time(up[1h:] @ end())":    {want: "max_over_time(up[1h:])"},
		"max_over_time((up @ end())[1h:])":  {want: "max_over_time((up @ end())[1h:])", each: true},
		"ALERTS":                            {want: "ALERTS", inexact: "which Prometheus lacks"},
	} {
		rule := set.Alerts[0]
		rule.Expr = expr
		q, err := set.Query(rule, func(string) bool { return true })
		if err != nil {
			t.Fatal(err)
		}
		if q.Expr != tc.want || q.PerEvaluation != tc.each {
			t.Errorf("%s is asked as %s, each %v\nwant %s, %v", expr, q.Expr, q.PerEvaluation, tc.want, tc.each)
		}
		if got := strings.Join(q.Inexact, "; "); (got != "") != (tc.inexact != "") || !strings.Contains(got, tc.inexact) {
			t.Errorf("%s: inexact %q, want %q", expr, got, tc.inexact)
		}
	}
	for expr, want := range map[string]string{ // Prometheus holds the records
		"sum > 1":                 "sum > 1",
		"late > 1":                "late offset 1ms > 1",
		"max_over_time(late[5m])": "max_over_time(late[5m])",
		`ALERTS{alertname="A"}`:   `ALERTS{alertname="A"} offset 1ms`,
		`ALERTS{alertname="B"}`:   `ALERTS{alertname="B"}`,
	} {
		rule := set.Alerts[0]
		rule.Expr = expr
		q, err := set.Query(rule, nil)
		if err != nil || q.Expr != want || (len(q.Inexact) > 0) != strings.Contains(expr, "[5m") {
			t.Errorf("%s is asked as %+v, %v, want %s", expr, q, err, want)
		}
	}
	if _, err := set.Query(Rule{Expr: "up =="}, nil); err == nil {
		t.Error("an expression that cannot be read is asked")
	}
}

func TestAlertLabels(t *testing.T) {
	at := time.Unix(1000, 0)
	rule := Rule{Ref: Ref{Name: "A"}, Labels: map[string]string{
		"severity": "page", "of": "{{ $labels.job }}", "size": "{{ if gt $value 5.0 }}large{{ end }}", "alertname": "other",
		"now": "{{ now }}", "bad": "{{ toTime $labels.job }}", "empty": "", "all": `{{ query "up" }}`,
	}}
	got := rule.AlertLabels(model.Metric{"__name__": "up", "job": "x", "empty": "e"}, 7, at)
	want := model.Metric{"job": "x", "severity": "page", "of": "x", "size": "large", "alertname": "A", "now": "1000"}
	for name, value := range want {
		if got[name] != value {
			t.Errorf("%s = %q, want %q", name, got[name], value)
		}
	}
	for _, name := range []model.LabelName{"__name__", "empty"} {
		if _, has := got[name]; has {
			t.Errorf("there is a label %s", name)
		}
	}
	if !strings.HasPrefix(string(got["bad"]), "<error expanding template: ") {
		t.Errorf("what cannot be expanded = %q", got["bad"])
	}
	for text, vary := range map[string]bool{"page": false, "{{ $labels.job }}-{{$labels.pod}}": false, "{{ $value }}": true, "{{ . }}": true} {
		if got := (Rule{Labels: map[string]string{"a": text}}).LabelsVary(); got != vary {
			t.Errorf("%s varies: %v, want %v", text, got, vary)
		}
	}
	q, err := (Set{}).Query(Rule{Expr: "up", Labels: maps.Clone(rule.Labels)}, nil)
	if err != nil || !slices.ContainsFunc(q.Inexact, func(s string) bool { return strings.Contains(s, "the label all") }) {
		t.Errorf("a template that asks: %+v, %v", q, err)
	}
}

func TestWithLevel(t *testing.T) {
	for expr, want := range map[string]string{
		"a > 1":                       "a > 3.5",
		"sum(\n  a\n)\n  >= (2*1)":    "sum(\n  a\n)\n  > 3.5",
		"1 <= a":                      "3.5 < a",
		"-1 > a":                      "3.5 > a",
		"(a or b) < 1":                "(a or b) < 3.5",
		"(a > 1)":                     "(a > 3.5)",
		"a > 1 <= 2":                  "a > 1 < 3.5",
		"a # not >= 1, but\n > 1":     "a # not > 1, but\n > 3.5",
		"absent(a)":                   "absent(a)",
		"a @ end() offset 5m > 1 # x": "a @ end() offset 5m > 3.5 # x",
	} {
		if got := (Rule{Expr: expr}).WithLevel(3.5).Expr; got != want {
			t.Errorf("%q becomes %q, want %q", expr, got, want)
		}
	}
}
