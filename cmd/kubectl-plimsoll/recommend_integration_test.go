//go:build integration

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// TestRecommend recommends levels over a week with an hour of 90% on every day.
func TestRecommend(t *testing.T) {
	server := serverWithCPU(t, "", spikes)
	args := []string{"recommend", "-f", "-", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339)}

	got := call(t, cpuLevels, append(args, "-o", "json")...)
	var result struct {
		Thresholds []struct {
			Recommendations []v1alpha1.Recommendation
			Levels          []levelCurve
		}
	}
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || got.code != 0 {
		t.Fatalf("exit code %d, %v: %s%s", got.code, err, got.stdout, got.stderr)
	}
	first := result.Thresholds[0]
	if len(first.Recommendations) == 0 || first.Recommendations[0].Above != "90%" {
		t.Errorf("recommendations = %+v, want 90%% for warning", first.Recommendations)
	}
	if now := (curvePoint{"> 80%", 7}); len(first.Levels) != 2 || !contains(first.Levels[0].Curve, now) {
		t.Errorf("levels = %+v, want the point %v", first.Levels, now)
	}

	table := call(t, cpuLevels, args...)
	for _, want := range []string{
		"warning    > 80%   > 90%", "kubectl patch alertthreshold cpu -n ai --type=json -p '[",
		`{"op":"test","path":"/spec/levels/0/severity","value":"warning"},{"op":"replace","path":"/spec/levels/0/above","value":"90%"}]'`,
	} {
		if !strings.Contains(table.stdout, want) {
			t.Errorf("table does not say %q:\n%s%s", want, table.stdout, table.stderr)
		}
	}
	if want := "AlertThreshold ai/cpu: critical > 90% is left out of the patch"; !strings.Contains(table.stderr, want) {
		t.Errorf("stderr does not say %q: %s", want, table.stderr)
	}

	patch := call(t, cpuLevels, append(args, "-o", "yaml")...)
	if !strings.Contains(patch.stdout, "  - above: 90%\n    severity: warning\n") {
		t.Errorf("yaml is\n%s", patch.stdout)
	}
}

func contains(points []curvePoint, want curvePoint) bool {
	for _, point := range points {
		if point == want {
			return true
		}
	}
	return false
}

// TestRecommendRules recommends levels of alerting rules over the same week, and backtests them.
func TestRecommendRules(t *testing.T) {
	server := serverWithCPU(t, "", spikes)
	const rules = `
groups:
- name: cpu
  interval: 1m
  rules:
  - {record: "pod:cpu:max", expr: "max by (pod) (system_cpu_usage_percent)"}
  - {alert: Busy, expr: "pod:cpu:max >= 80", for: 5m, labels: {severity: warning}, annotations: {summary: "{{ $value }}%"}}
  - {alert: Idle, expr: '60 > system_cpu_usage_percent{pod="one"}'}
  - {alert: Absent, expr: 'absent(system_cpu_usage_percent{pod="three"})'}
  - {alert: Equal, expr: 'system_cpu_usage_percent == 50'}
`
	args := []string{"-f", "-", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339)}
	table := call(t, rules, append([]string{"recommend"}, args...)...)
	for _, want := range []string{
		"cpu/Busy ", "warning >= 80 > 90 fires at most once a week over 7d ", "warning >= 80 7 now", "warning > 90 0 recommended",
		" expr: pod:cpu:max > 90 ", ` expr: 50 > system_cpu_usage_percent{pod="one"}`,
	} {
		if !strings.Contains(strings.Join(strings.Fields(table.stdout), " "), want) {
			t.Errorf("table does not say %q:\n%s", want, table.stdout)
		}
	}
	for _, want := range []string{"cpu/Absent: it has no level: its expression is not a value", "cpu/Equal: it has no level: it fires where its value is == 50"} {
		if !strings.Contains(table.stderr, want) {
			t.Errorf("stderr does not say %q: %s", want, table.stderr)
		}
	}
	if table.code != 1 {
		t.Errorf("exit code %d for rules without a level, want 1", table.code)
	}

	file := call(t, rules, append([]string{"recommend", "--alert", "Busy", "-o", "yaml"}, args...)...)
	if file.code != 0 || !strings.Contains(file.stdout, "pod:cpu:max > 90") || !strings.Contains(file.stdout, "{{ $value }}%") {
		t.Fatalf("yaml: exit code %d\n%s%s", file.code, file.stdout, file.stderr)
	}
	changed := strings.Replace(file.stdout, "pod:cpu:max", "max by (pod) (system_cpu_usage_percent)", 1)
	if got := call(t, changed, append([]string{"backtest", "--max-fires", "0"}, args...)...); got.code != 0 {
		t.Errorf("the recommended level: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	got := call(t, rules, append([]string{"recommend", "-o", "json"}, args...)...)
	var result struct{ Rules []recommendedRule }
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || len(result.Rules) != 2 || result.Rules[0].Recommended != "pod:cpu:max > 90" {
		t.Errorf("json: %v, %+v", err, result.Rules)
	}
}
