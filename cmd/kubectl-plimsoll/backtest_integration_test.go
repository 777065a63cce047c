//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
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
	none := call(t, strings.Replace(cpuLevels, "namespace: ai", "namespace: web", 1), append(args, "--max-fires", "0")...)
	if none.code != 2 || !strings.Contains(none.stderr, "the signal had no value") {
		t.Errorf("without data: exit code %d, %s", none.code, none.stderr)
	}
}

// TestBacktestNotes: a histogram whose buckets were others until two days ago, and a level above all of them.
func TestBacktestNotes(t *testing.T) {
	changed := past.Add(-48 * time.Hour)
	server := historyOf(t, "", func(w io.Writer) {
		fmt.Fprintln(w, "# TYPE x histogram")
		for _, le := range []string{"1.0", "5.0", "10.0", "+Inf"} {
			for at, n := past.Add(-7*24*time.Hour), 0; !at.After(past); at, n = at.Add(time.Minute), n+1 {
				if le == "5.0" && at.After(changed) || le == "10.0" && !at.After(changed) {
					continue
				}
				fmt.Fprintf(w, "x_bucket{namespace=\"ai\",le=%q} %d %d\n", le, n, at.Unix())
			}
		}
	})
	const spec = `{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: slow, namespace: ai}, spec: {alert: Slow, unit: Seconds, expr: "histogram_quantile(0.9, sum by (le) (rate(x_bucket[5m])))", levels: [{severity: warning, above: 1s}, {severity: critical, above: 30s}]}}`
	args := []string{"backtest", "-f", "-", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339)}
	want := []string{
		"level critical (> 30s) lies above the highest bucket (10s) of x: it can never fire",
		"the buckets of x changed on " + changed.Add(time.Hour).Format(time.DateOnly) + ": fires before that are counted by other bounds",
	}

	got := call(t, spec, append(args, "-o", "json")...)
	var result struct{ Thresholds []backtested }
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || !slices.Equal(result.Thresholds[0].Notes, want) {
		t.Errorf("%v: %s%s, want %q", err, got.stdout, got.stderr, want)
	}
	table := call(t, spec, args...)
	for _, note := range want {
		if !strings.Contains(table.stdout, "note: "+note+"\n") {
			t.Errorf("table does not say %q:\n%s", note, table.stdout)
		}
	}
	if got := call(t, spec, append(args, "--window", "1d")...); strings.Contains(got.stdout, "changed on") {
		t.Errorf("nothing changed in the window:\n%s", got.stdout)
	}
}
