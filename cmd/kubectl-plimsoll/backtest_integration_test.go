//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
)

// TestBacktest backtests two levels over a week that was written to a real Prometheus before.
func TestBacktest(t *testing.T) {
	server := serverWithCPU(t, "rule_files: [rules/*.yaml]", spikes)
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
	base, file := server.Guarded()
	guarded := []string{"backtest", "-f", "-", "--prometheus-url", base + "?namespace=ai", "--prometheus-http-config-file", file, "--prometheus-timeout", "20s", "--end", args[len(args)-1]}
	if got := call(t, cpuLevels, append(guarded, "-o", "json")...); got.code != 0 || !strings.Contains(got.stdout, "warning 7, critical 0") {
		t.Errorf("through a gateway: exit code %d: %s%s", got.code, got.stdout, got.stderr)
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
	server := serverWithCPU(t, "", spikes)
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

// TestBacktestNotes: a histogram whose buckets were others until two days ago, and a level above all of them.
func TestBacktestNotes(t *testing.T) {
	changed := past.Add(-48 * time.Hour)
	server := prometheusserver.StartWithHistory(t, "", func(w io.Writer) {
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

// TestWindowsAreSaid: a window is said as it was asked for, also one of minutes.
func TestWindowsAreSaid(t *testing.T) {
	server := serverWithCPU(t, "", spikes)
	for window, says := range map[string]string{"10m": "over 10m until", "90m": "over 1h30m until", "90s": "over 1m30s until", "36h": "over 1d12h until"} {
		for name, file := range map[string]string{"rules": cpuRules, "thresholds": cpuLevels} {
			args := []string{"backtest", "-f", "-", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339), "--window", window, "--step", "30s"}
			if name == "rules" {
				args = append(args, "--alert", "Far")
			}
			if got := call(t, file, args...); got.code != 0 || !strings.Contains(got.stdout, says) {
				t.Errorf("%s over %s: exit code %d, %s%s, want %q", name, window, got.code, got.stdout, got.stderr, says)
			}
		}
	}
}
