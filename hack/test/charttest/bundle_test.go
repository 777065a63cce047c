package charttest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
)

// TestBundleAlerts: alerts about the controller fire when they should and not before, as Prometheus' own tool finds.
func TestBundleAlerts(t *testing.T) {
	const leads = `leader_election_master_status{namespace="ai",service="plimsoll-controller",name="plimsoll-controller",pod="`
	const counted = `plimsoll_thresholds{namespace="ai",service="plimsoll-controller",mode="Enforce",ready="True",state="Unknown",loaded="`
	for name, tt := range map[string]struct{ series, alert, at, fires string }{
		"nobody leads": {
			`[{series: '` + leads + `a"}', values: '0x20'}, {series: '` + leads + `b"}', values: '0x20'}]`, "PlimsollNoLeader", "6m",
			`[{exp_labels: {namespace: ai, severity: warning}}]`,
		},
		"nobody leads for a moment": {`[{series: '` + leads + `a"}', values: '1 0x4 1x20'}]`, "PlimsollNoLeader", "10m", `[]`},
		"one leads":                 {`[{series: '` + leads + `a"}', values: '0x20'}, {series: '` + leads + `b"}', values: '1x20'}]`, "PlimsollNoLeader", "20m", `[]`},
		"nobody is there":           {`[]`, "PlimsollNoLeader", "20m", `[]`},
		"another release's leads":   {`[{series: 'leader_election_master_status{namespace="ai",service="other"}', values: '0x20'}]`, "PlimsollNoLeader", "20m", `[]`},
		"two are not loaded": {
			`[{series: '` + counted + `False"}', values: '2x30'}, {series: '` + counted + `True"}', values: '3x30'}]`, "PlimsollThresholdsNotLoaded", "20m",
			`[{exp_labels: {namespace: ai, severity: warning}}]`,
		},
		"one waits for Prometheus":       {`[{series: '` + counted + `False"}', values: '1x5 0x30'}]`, "PlimsollThresholdsNotLoaded", "20m", `[]`},
		"nobody can tell, or all loaded": {`[{series: '` + counted + `Unknown"}', values: '9x30'}, {series: '` + counted + `True"}', values: '3x30'}]`, "PlimsollThresholdsNotLoaded", "25m", `[]`},
	} {
		t.Run(name, func(t *testing.T) {
			rule := one[monitoringv1.PrometheusRule](t, render(t, "plimsoll", "--set", "alerts.runbookURL="), "PrometheusRule", "name: plimsoll\n")
			for i := range rule.Spec.Groups[0].Rules {
				rule.Spec.Groups[0].Rules[i].Annotations = nil // they are for people
			}
			dir := t.TempDir()
			test := "{rule_files: [rules.yaml], evaluation_interval: 1m, tests: [{interval: 1m, input_series: " + tt.series +
				", alert_rule_test: [{eval_time: " + tt.at + ", alertname: " + tt.alert + ", exp_alerts: " + tt.fires + "}]}]}"
			for file, content := range map[string]string{"rules.yaml": text(t, rule.Spec), "test.yaml": test} {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if out, err := exec.CommandContext(t.Context(), tool("promtool"), "test", "rules", filepath.Join(dir, "test.yaml")).CombinedOutput(); err != nil {
				t.Errorf("promtool: %v\n%s", err, out)
			}
		})
	}
}
