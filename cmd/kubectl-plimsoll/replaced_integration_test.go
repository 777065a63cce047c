//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestBacktestReplacedLabels: where labels of the rules make two series one, the backtest fails as Prometheus would, and so does CI.
func TestBacktestReplacedLabels(t *testing.T) {
	server := serverWithCPU(t, "", spikes)
	args := []string{"backtest", "-f", "-", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339), "--window", "2d", "--step", "1m"}
	const of = `label_replace(system_cpu_usage_percent, "%[1]s", "$1", "pod", "(.+)")`
	for name, tc := range map[string]struct {
		expr, labels string
		failed       int
		says         string
	}{
		"severity":        {`sum by (severity) (` + fmt.Sprintf(of, "severity") + `)`, "{}", 2881, "the alert of level warning at 2881 of 2881 evaluations: vector contains metrics with the same labelset after applying alert labels"},
		"alertname":       {`sum by (alertname) (` + fmt.Sprintf(of, "alertname") + `)`, "{}", 2881, "after applying alert labels"},
		"the spec's own":  {`sum by (team) (` + fmt.Sprintf(of, "team") + `)`, "{team: ml}", 2881, "after applying alert labels"},
		"alertthreshold":  {`sum by (alertthreshold) (` + fmt.Sprintf(of, "alertthreshold") + `)`, "{}", 2881, "the rule that records the value at 2881 of 2881 evaluations: vector contains metrics with the same labelset after applying rule labels"},
		"pod":             {`sum by (pod) (system_cpu_usage_percent)`, "{team: ml}", 0, ""},
		"another of ours": {`sum by (team) (` + fmt.Sprintf(of, "team") + `)`, `{team: "{{ $labels.team }}"}`, 0, ""},
	} {
		t.Run(name, func(t *testing.T) {
			file := fmt.Sprintf(`{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: x, namespace: ai},
				spec: {alert: X, labels: %s, expr: %q, levels: [{severity: warning, above: 0}]}}`, tc.labels, tc.expr)
			got := call(t, file, append(args, "-o", "json")...)
			var result struct{ Thresholds []backtested }
			if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || got.code != 0 {
				t.Fatalf("exit code %d, %v: %s%s", got.code, err, got.stdout, got.stderr)
			}
			notes := strings.Join(result.Thresholds[0].Notes, "\n")
			fires := result.Thresholds[0].Backtest.Levels[0].Fires
			if !strings.Contains(notes, tc.says) || (tc.says == "") != (notes == "") || (fires > 0) != (tc.failed == 0) {
				t.Errorf("it fires %d times, and notes are %q, want %q", fires, notes, tc.says)
			}
			if code := call(t, file, append(args, "--max-fires", "100")...).code; (code == 1) != (tc.failed > 0) {
				t.Errorf("--max-fires: exit code %d", code)
			}
			validated := call(t, file, "validate", "-f", "-", "--strict")
			if warned := strings.Contains(validated.stdout, "warning: spec.expr: its series differ in "); warned != (tc.failed > 0) || (validated.code == 1) != warned {
				t.Errorf("validate: exit code %d, %s", validated.code, validated.stdout)
			}
			recommended := call(t, file, append([]string{"recommend"}, args[1:]...)...)
			if recommended.code != 0 || strings.Contains(recommended.stdout, "note: Prometheus cannot evaluate") != (tc.failed > 0) {
				t.Errorf("recommend: exit code %d, %s%s", recommended.code, recommended.stdout, recommended.stderr)
			}
		})
	}
}
