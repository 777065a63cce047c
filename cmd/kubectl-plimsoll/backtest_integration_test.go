//go:build integration

package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const cpuLevels = `{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: cpu, namespace: ai}, spec: {alert: HighCPUUsage, signal: {name: CPU}, levels: [{severity: warning, above: 80, for: 5m}, {severity: critical, above: 95}]}}`

// TestBacktest backtests two levels over a week that was written to a real Prometheus before.
func TestBacktest(t *testing.T) {
	server := history(t, "rule_files: [rules/*.yaml]", spikes)
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
	for _, want := range []string{"AlertThreshold ai/cpu, CPU usage over 7d until ", "evaluated every 30s, 100% covered", "warning ", "> 80%", "6h25m", `pod="one"`, "█", "80% ┤", "95% ┤"} {
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
	none := call(t, strings.Replace(cpuLevels, "namespace: ai", "namespace: web", 1), append(args, "--max-fires", "0")...)
	if none.code != 2 || !strings.Contains(none.stderr, "the signal had no value") {
		t.Errorf("without data: exit code %d, %s", none.code, none.stderr)
	}
	band := call(t, strings.Replace(cpuLevels, "above: 80, for: 5m", "above: 80, below: 5, for: 5m", 1), args...)
	for _, want := range []string{"> 80% or < 5%", "warning ", "6h25m", "80% ┤", "5% ┤"} {
		if band.code != 0 || !strings.Contains(band.stdout, want) {
			t.Errorf("the table of a band does not say %q:\n%s%s", want, band.stdout, band.stderr)
		}
	}
	for _, expr := range []string{"absent(system_cpu_usage_percent)", "system_cpu_usage_percent > 1000", "a unless b"} {
		quiet := call(t, strings.Replace(cpuLevels, "signal: {name: CPU}", `expr: "`+expr+`"`, 1), append(args, "--max-fires", "0")...)
		if quiet.code != 0 || !strings.Contains(quiet.stderr, "the expression had no value in the window, as while all is well") {
			t.Errorf("%s: exit code %d, %s", expr, quiet.code, quiet.stderr)
		}
	}
	// The rules of a threshold tell how often Prometheus evaluates them; those of others may have an interval of their own.
	for _, rules := range []struct{ group, every string }{
		{"{name: other, interval: 15s, rules: [{record: a, expr: '1', labels: {alertthreshold: x}}]}", "30s"},
		{"{name: plimsoll.ai.other, interval: 1m, rules: [{record: a, expr: '1', labels: {alertthreshold: other}}]}", "1m"},
	} {
		if err := os.WriteFile(filepath.Join(server.RulesDir(), "rules.yaml"), []byte("groups: ["+rules.group+"]"), 0o600); err != nil {
			t.Fatal(err)
		}
		server.Reload()
		if got := call(t, cpuLevels, args...); !strings.Contains(got.stdout, "evaluated every "+rules.every+", ") {
			t.Errorf("with the rules %s it is not every %s:\n%s%s", rules.group, rules.every, got.stdout, got.stderr)
		}
		if got := call(t, cpuLevels, append(args, "--step", "2m")...); !strings.Contains(got.stdout, "evaluated every 2m") {
			t.Errorf("with --step it is not every 2m:\n%s%s", got.stdout, got.stderr)
		}
	}
}
