package rules

import (
	"fmt"
	"strings"
	"testing"
)

// TestReplaced: labels that a rule replaces make several series one, and Prometheus refuses to evaluate it.
func TestReplaced(t *testing.T) {
	const alertError, recordError = "after applying alert labels", "after applying rule labels"
	for _, tc := range []struct{ expr, labels, want, says string }{
		{`count by (alertname, severity) (ALERTS{alertstate="firing"})`, "{}", "its series differ in alertname and severity only", alertError},
		{"sum by (severity) (x)", "{}", "its series differ in severity only", alertError},
		{"sum by (severity, pod) (x)", "{}", "series that differ in severity only", alertError},
		{`ALERTS{alertname!="A"}`, "{}", "series that differ in alertname and severity only", alertError},
		{"max by (alertthreshold) (plimsoll:signal)", "{}", "its series differ in alertthreshold only", recordError},
		{`{__name__=~"a|b"}`, "{}", "series that differ in __name__ only", recordError},
		{"plimsoll:signal", "{}", "series that differ in alertthreshold only", recordError},
		{"sum by (team) (x)", "{team: ml}", "its series differ in team only", alertError},
		{"sum by (team) (x)", `{team: ""}`, "its series differ in team only", alertError},
		{"sum by (team, pod) (x)", `{team: "{{ $labels.pod }}"}`, "series that differ in team only", alertError},
		// The labels stay, or say as much.
		{"sum by (team) (x)", "{group: ml}", "", ""},
		{"sum by (team) (x)", `{team: "team-{{ $labels.team }}"}`, "", ""},
		{"sum by (severity) (x)", `{level: "{{ $labels.severity }}"}`, "", ""},
		{`label_replace(sum by (severity) (x), "level", "$1", "severity", "(.+)")`, "{}", "", ""},
		{`sum by (severity) (x{severity="a"})`, "{}", "", ""},
		{"sum by (namespace) (x)", "{}", "", ""},
		{"x", "{team: ml}", "", ""},
	} {
		plan, errs := Resolve(threshold(t, fmt.Sprintf("{alert: A, expr: %q, labels: %s, levels: [{severity: w, above: 0.5}]}", tc.expr, tc.labels)))
		if len(errs) > 0 {
			t.Errorf("%s: %v", tc.expr, errs)
			continue
		}
		got := strings.Join(plan.Warnings, "\n")
		if tc.want != "" {
			tc.want = "spec.expr: " + tc.want
		}
		if !strings.HasPrefix(got, tc.want) || !strings.Contains(got, tc.says) || (tc.want == "") != (got == "") || strings.Count(got, "\n") > 0 {
			t.Errorf("%s with labels %s warns %q, want %q, %q", tc.expr, tc.labels, got, tc.want, tc.says)
		}
	}
}
