package rules

import (
	"fmt"
	"strings"
	"testing"
)

// TestNeverCrossed: a comparison in an expression keeps the values that pass it, so some levels are never crossed.
func TestNeverCrossed(t *testing.T) {
	const keeps = "a comparison keeps values as they are, and spec.expr only those that are "
	for _, tc := range []struct{ expr, level, want string }{
		// Which is 0 and not 1 when it passes.
		{`up{job="a"} == 0`, "above: 0", keeps + "== 0: leave the comparison out and write below with a value just above 0 (below: 1 of a count), or write == bool 0, which gives 1 where it holds, and above: 0"},
		{"sum by (pod) (up) == 0", "above: 0", keeps + "== 0: leave"},
		{"(0 == up)", "above: 1", keeps + "== 0: leave"},
		{"up == 0 and on(pod) x > 5", "above: 0", keeps + "== 0: leave"},
		{"max(up == 0)", "above: 0", keeps + "== 0: leave"},
		{"x == 3", "above: 3", keeps + "== 3: write == bool 3, which gives 1 where it holds, and above: 0"},
		{"x == 3", "below: 2", keeps + "== 3: write == bool 3"},
		{"up == 0", "below: 1", ""},
		{"x == 3", "above: 0", ""},
		{"x == 3", "below: 4", ""},
		// Sides that contradict.
		{"free < 10", "above: 10", keeps + "< 10: leave the comparison out and write below: 10"},
		{"10 > free", "above: 20", keeps + "< 10: leave the comparison out and write below: 10"},
		{"free <= -1", "above: 0", keeps + "<= -1: leave the comparison out and write below: -1"},
		{"lag > 5 * 100", "below: 500", keeps + "> 500: leave the comparison out and write above: 500"},
		{"lag >= 500 unless on() maintenance", "below: 1", keeps + ">= 500: leave the comparison out and write above: 500"},
		{"x > 5 < 10", "above: 10", keeps + "< 10: leave"},
		{"x > 5 < 10", "below: 5", keeps + "> 5: leave"},
		{"x > 5 < 10", "above: 7", ""},
		{"free < 10", "above: 0", ""},
		{"lag > 500", "above: 0", ""},
		{"lag > 500", "above: 500", ""},
		{"x > y", "above: 0", ""},
		{"x != 0", "above: 0", ""},
		{"x == 0 or y", "above: 0", ""},
		{"(x == 0) + 1", "above: 0", ""},
		// What is 1, or 0 and 1.
		{"absent(up)", "above: 1", "absent gives 1 or nothing: write above: 0"},
		{"absent_over_time(up[5m])", "below: 1", "absent_over_time gives 1 or nothing: write above: 0"},
		{`ALERTS{alertstate="firing"}`, "above: 1", "ALERTS is 1 or not there: write above: 0"},
		{"up == bool 0", "above: 1", "a comparison with bool gives 0 or 1: write above: 0 or below: 1"},
		{"absent(up)", "above: 0", ""},
		{"up == bool 0", "above: 0", ""},
		// A count of nothing is nothing, not 0.
		{"count(up == 1)", "below: 1", "count gives no 0, but nothing at all where there is nothing to count: write count(...) or vector(0)"},
		{"count(up == 1) or vector(0)", "below: 1", ""},
		{"count(up == 1)", "below: 3", ""},
		{"count(up == 0)", "above: 0", ""},
		// What functions give.
		{"rate(x[5m])", "below: 0", "rate gives nothing below 0: write a value above 0"},
		{"sum(increase(x[5m]))", "below: 0", "increase gives nothing below 0: write a value above 0"},
		{"hour()", "above: 23", "hour gives nothing above 23: write a value below 23"},
		{"group(x)", "above: 1", "group gives 1 or nothing: write above: 0"},
		{"avg(x < 10)", "above: 10", keeps + "< 10: leave"},
		{"rate(x[5m])", "below: 1", ""},
		{"rate(x[5m]) - rate(y[5m])", "below: 0", ""},
		{"deriv(x[5m])", "below: 0", ""},
		{"latency < 10", "unit: Seconds, above: 20s", keeps + "< 10: leave the comparison out and write below: 10s"},
	} {
		unit, level, found := strings.Cut(tc.level, ", ")
		if !found {
			unit, level = "unit: Number", tc.level
		}
		plan, errs := Resolve(threshold(t, fmt.Sprintf("{alert: A, %s, expr: %q, levels: [{severity: w, %s}]}", unit, tc.expr, level)))
		if len(errs) > 0 {
			t.Errorf("%s: %v", tc.expr, errs)
			continue
		}
		side, _, _ := strings.Cut(level, ":")
		got, want := strings.Join(plan.Warnings, "\n"), tc.want
		if want != "" {
			want = "spec.levels[0]." + side + ": can never fire, for " + want
		}
		if !strings.HasPrefix(got, want) || want == "" && got != "" {
			t.Errorf("%s with %s: warns %q, want %q", tc.expr, tc.level, got, want)
		}
	}
}

// TestEmptyWhenHealthy: no sample is the good state of some expressions, and then noData: Alert is a mistake.
func TestEmptyWhenHealthy(t *testing.T) {
	for expr, want := range map[string]bool{
		"absent(x)": true, "absent_over_time(x[5m])": true, "lag > 500": true, "(5 < lag)": true, "sum by (pod) (lag > 500)": true,
		`ALERTS{alertname="X"}`: true, `count({__name__="ALERTS"})`: true, "sum_over_time(ALERTS[1h])": true, "a unless b": true, "a and b": true,
		"a > b": true, "count(up == 0)": true, "(up == 0) * 100": true, "clamp_min(x > 5, 7)": true, "max_over_time((x > 5)[1h:1m])": true,
		"-(x > 5)": true, "absent(a) or absent(b)": true,
		"x": false, "rate(x[5m])": false, "up == bool 0": false, "count(up == 0) or vector(0)": false, "scalar(x > 5)": false,
		"vector(scalar(x > 5))": false, "a / b": false, "a or b": false, "absent(a) or b": false, "time()": false, "x + on() vector(1)": false,
	} {
		plan, errs := Resolve(threshold(t, fmt.Sprintf("{alert: A, expr: %q, noData: Alert, levels: [{severity: w, above: 0.5}]}", expr)))
		if len(errs) > 0 {
			t.Errorf("%s: %v", expr, errs)
			continue
		}
		warned := strings.Contains(strings.Join(plan.Warnings, "\n"), "spec.noData: spec.expr has no value while all is well")
		if plan.Value.EmptyWhenHealthy != want || warned != want {
			t.Errorf("%s: empty when healthy %v, warned %v; want %v", expr, plan.Value.EmptyWhenHealthy, warned, want)
		}
	}
}
