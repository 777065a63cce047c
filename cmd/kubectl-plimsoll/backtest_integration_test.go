//go:build integration

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// TestBacktest backtests two levels over a week that was written to a real Prometheus before.
func TestBacktest(t *testing.T) {
	server := history(t, "", spikes)
	args := []string{"backtest", "-f", "-", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339)}

	got := call(t, cpuLevels, append(args, "-o", "json")...)
	var result struct{ Thresholds []backtested }
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || got.code != 0 {
		t.Fatalf("exit code %d, %v: %s%s", got.code, err, got.stdout, got.stderr)
	}
	b := result.Thresholds[0].Backtest
	if b.Fires != "warning 7, critical 0" || b.Coverage != "100%" || b.Window != "7d" {
		t.Errorf("backtest = %+v", b)
	}
	if warning := b.Levels[0]; warning.Firing != "6h25m" || warning.Longest != "55m" || warning.WorstLabels["pod"] != "one" {
		t.Errorf("warning = %+v, want 7 times 55m of pod one", warning)
	}

	table := call(t, cpuLevels, args...)
	for _, want := range []string{"AlertThreshold ai/cpu, CPU usage over 7d until ", "100% covered", "warning ", "> 80%", "6h25m", `pod="one"`, "█", "80% ┤", "95% ┤"} {
		if !strings.Contains(table.stdout, want) {
			t.Errorf("table does not say %q:\n%s", want, table.stdout)
		}
	}
	if t.Failed() {
		return
	}
	t.Log("\n" + table.stdout)

	for limit, code := range map[string]int{"6": 1, "7": 0} {
		if got := call(t, cpuLevels, append(args, "--max-fires", limit)...); got.code != code {
			t.Errorf("--max-fires %s: exit code %d, want %d: %s", limit, got.code, code, got.stderr)
		}
	}
	base, file := server.Guarded()
	guarded := []string{"backtest", "-f", "-", "--prometheus-url", base + "?namespace=ai", "--prometheus-http-config-file", file, "--prometheus-timeout", "20s", "--end", args[len(args)-1]}
	if got := call(t, cpuLevels, append(guarded, "-o", "json")...); got.code != 0 || !strings.Contains(got.stdout, "warning 7, critical 0") {
		t.Errorf("through a gateway: exit code %d: %s%s", got.code, got.stdout, got.stderr)
	}
	none := call(t, strings.Replace(cpuLevels, "namespace: ai", "namespace: web", 1), append(args, "--max-fires", "0")...)
	if none.code != 2 || !strings.Contains(none.stderr, "the signal had no value") {
		t.Errorf("without data: exit code %d, %s", none.code, none.stderr)
	}
}

const cpuRules = `
groups:
- name: cpu
  interval: 1m
  rules:
  - {record: "pod:cpu:max", expr: "max by (pod) (system_cpu_usage_percent)"}
  - {alert: Busy, expr: "pod:cpu:max > 80", for: 5m, labels: {severity: warning}}
  - {alert: Silent, expr: 'absent(system_cpu_usage_percent{pod="three"})'}
  - {alert: Broken, expr: 'system_cpu_usage_percent * on (namespace) system_cpu_usage_percent > 0'}
  - {alert: Twice, expr: 'system_cpu_usage_percent > 80 or system_cpu_usage_percent{pod="two"} > 0', labels: {pod: any}}
- name: other
  rules:
  - {alert: Far, expr: "pod:cpu:max > 85"}
`

// TestBacktestRules backtests alerting rules of a rule file whose record the Prometheus lacks.
func TestBacktestRules(t *testing.T) {
	server := history(t, "", spikes)
	args := []string{"backtest", "-f", "-", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339), "--window", "2d"}
	got := call(t, cpuRules, append(args, "-o", "json")...)
	var result struct{ Rules []backtestedRule }
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || got.code != 1 || len(result.Rules) != 4 {
		t.Fatalf("exit code %d, %v: %s%s", got.code, err, got.stdout, got.stderr)
	}
	busy, silent, twice, far := result.Rules[0], result.Rules[1], result.Rules[2], result.Rules[3]
	if level := busy.Backtest.Levels[0]; level.Fires != 2 || level.Firing != "1h50m" || level.WorstLabels["pod"] != "one" || len(busy.Inexact) > 0 {
		t.Errorf("busy = %+v, %v: want 2 times 55m of pod one", level, busy.Inexact)
	}
	if level := silent.Backtest.Levels[0]; level.Fires != 1 || level.Firing != "2d" {
		t.Errorf("silent = %+v, want it to fire all the time", level)
	}
	if level := twice.Backtest.Levels[0]; level.Fires != 1 || twice.Failed != 120 || !strings.Contains(twice.Failure, "same labelset after applying alert labels") {
		t.Errorf("twice = %+v, fails %d times: %s", level, twice.Failed, twice.Failure)
	}
	if !strings.Contains(got.stderr, "backtesting cpu/Broken: giving up at ") || !strings.Contains(got.stderr, "many-to-many matching not allowed") {
		t.Errorf("of a rule that always fails it says %s", got.stderr)
	}
	if len(far.Inexact) != 1 || !strings.Contains(far.Inexact[0], "pod:cpu:max") {
		t.Errorf("far is inexact because of %q", far.Inexact)
	}

	table := call(t, cpuRules, append(args, "--max-fires", "1")...)
	if table.code != 1 || !strings.Contains(table.stderr, "cpu/Busy would have fired 2 times, more than --max-fires 1") {
		t.Errorf("--max-fires 1: exit code %d, %s", table.code, table.stderr)
	}
	for _, want := range []string{"4 alerting rules over 2d until ", "Busy ", "> 80", "1h50m", `{pod="one"}`, "cpu/Twice fails at 120 evaluations: ", "other/Far is not exact: the record pod:cpu:max"} {
		if !strings.Contains(table.stdout, want) {
			t.Errorf("table does not say %q:\n%s", want, table.stdout)
		}
	}
	t.Log("\n" + table.stdout)
	if got := call(t, cpuRules, append(args, "--alert", "Silent", "--max-fires", "1")...); got.code != 0 || strings.Contains(got.stdout, "Busy") {
		t.Errorf("--alert: exit code %d, %s%s", got.code, got.stdout, got.stderr)
	}
	if got := call(t, cpuRules, append(args, "--alert", "None")...); got.code != 2 || !strings.Contains(got.stderr, `no rule has the alert "None"`) {
		t.Errorf("--alert of no rule: exit code %d, %s", got.code, got.stderr)
	}
}
