//go:build integration

package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

const cpuLevels = `{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: cpu, namespace: ai}, spec: {alert: HighCPUUsage, signal: {name: CPU}, levels: [{severity: warning, above: 80, for: 5m}, {severity: critical, above: 95}]}}`

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
