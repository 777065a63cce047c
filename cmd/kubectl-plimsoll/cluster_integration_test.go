//go:build integration

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// TestCluster follows a threshold of a real cluster through a real Prometheus to a real Alertmanager.
func TestCluster(t *testing.T) {
	s := newStage(t)
	if err := s.create("{apiVersion: v1, kind: Namespace, metadata: {name: ai}}\n---\n" + cpuLevels + "\n---\n" +
		`{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: hot, namespace: ai, labels: {team: ai}}, spec: {alert: Hot, expr: vector(93), levels: [{severity: warning, above: 80}]}}`); err != nil {
		t.Fatal(err)
	}
	t.Run("ValidateAgreesWithTheAPIServer", func(t *testing.T) { agree(t, s) })

	alertmanager := startAlertmanager(t, "route: {receiver: team, group_wait: 1s}\nreceivers: [{name: team}]\n")
	server := serverWithCPU(t, "global: {evaluation_interval: 1s}\nrule_files: [rules/*.yaml]\nalerting: {alertmanagers: [{static_configs: [{targets: ["+
		strings.TrimPrefix(alertmanager, "http://")+"]}]}]}\n", spikes)
	args := func(command ...string) []string {
		return append(command, "-n", "ai", "--kubeconfig", s.kubeconfig, "--prometheus-url", server.URL())
	}
	t.Run("Status", func(t *testing.T) { follow(t, s, server, alertmanager, args) })
	t.Run("Recommend", func(t *testing.T) { take(t, s, args) })
	t.Run("Rule", func(t *testing.T) { followRule(t, s, server, alertmanager, args) })
	t.Run("Tune", func(t *testing.T) { tuneInCluster(t, s, server) })
}

// follow diagnoses a threshold before it is loaded, healthy, and silenced.
func follow(t *testing.T, s stage, server *prometheusserver.Server, alertmanager string, args func(...string) []string) {
	expect := func(code int, says string, command ...string) {
		t.Helper()
		eventually(t, func() error {
			got := call(t, "", command...)
			if got.code != code || !strings.Contains(strings.Join(strings.Fields(got.stdout), " "), says) {
				return fmt.Errorf("exit code %d\n%s%s\nwant %d and %q", got.code, got.stdout, got.stderr, code, says)
			}
			return nil
		})
	}
	expect(1, `resource FAIL alertthresholds.plimsoll.dev "none" not found`, args("status", "none")...)
	expect(0, "loaded ? Prometheus was not queried", "status", "alertthreshold/hot", "-n", "ai", "--kubeconfig", s.kubeconfig)
	expect(1, "loaded FAIL there is no Prometheus or ThanosRuler object in the cluster", args("status", "hot")...)

	rule := &monitoringv1.PrometheusRule{}
	if err := s.Get(t.Context(), client.ObjectKey{Namespace: "ai", Name: "plimsoll-hot"}, rule); err != nil {
		t.Fatal(err)
	}
	text, err := sigsyaml.Marshal(rule.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(server.RulesDir(), "hot.yaml"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	server.Reload()
	expect(0, "alertmanager OK the warning alert goes to team", args("status", "hot")...)
	t.Log("\n" + call(t, "", args("status", "hot")...).stdout)
	expect(0, "alertmanager OK the warning alert goes to team", args("status", "hot", "--alertmanager-url", alertmanager)...)
	expect(0, `"result": "OK"`, args("status", "hot", "-o", "json")...)
	expect(0, "alertmanager OK the warning alert goes to team", args("status", "at", "hot")...)
	expect(0, "ai/hot", args("status", "-l", "team=ai")...)
	expect(1, "ai/cpu", args("status", "-A")...)
	expect(1, "ai/cpu", args("status", "--all")...)
	expect(2, "", args("status", "-l", "team=none")...)
	expect(0, "ai/hot", args("backtest", "-A", "-l", "team=ai", "--window", "10m", "--end", past.Format(time.RFC3339))...)

	expect(1, "team null the receiver has no integration", args("drill", "hot", "--level", "warning", "--for", "2s", "--yes")...)

	silence(t, alertmanager, "Hot")
	expect(1, "alertmanager FAIL the warning alert is silenced", args("status", "hot")...)
}

// followRule diagnoses alerting rules of a PrometheusRule that no threshold has: before they are loaded, and then as Prometheus with an
// enforced namespace label holds them.
func followRule(t *testing.T, s stage, server *prometheusserver.Server, alertmanager string, args func(...string) []string) {
	const groups = `
groups:
- name: node
  rules:
  - {alert: High, expr: "42 < sum(vector(93)) by (x) ", labels: {severity: page}}
  - {alert: Waiting, expr: "vector(93) >= 80", for: 1h}
  - {alert: Quiet, expr: "vector(93) > 95"}
  - {alert: Gone, expr: "absent(up)"}
  - {alert: Empty, expr: "nothing > 1"}
  - {alert: Broken, expr: "label_replace(vector(1), 'a', '1', '', '') or vector(1)", labels: {a: x}}
`
	const object = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: node, namespace: ai}\nspec:\n"
	if err := s.create(object + strings.ReplaceAll(groups, "\n", "\n  ")); err != nil {
		t.Fatal(err)
	}
	expect := func(code int, alert string, says ...string) {
		t.Helper()
		eventually(t, func() error {
			got := call(t, "", args("status", "--rule", "node", "--alert", alert)...)
			for _, want := range says {
				if got.code != code || !strings.Contains(strings.Join(strings.Fields(got.stdout), " "), want) {
					return fmt.Errorf("exit code %d\n%s%s\nwant %d and %q", got.code, got.stdout, got.stderr, code, want)
				}
			}
			return nil
		})
	}
	if got := call(t, "", args("status", "--rule", "none")...); got.code != 1 || !strings.Contains(got.stdout, `"none" not found`) {
		t.Errorf("of none: exit code %d, %s%s", got.code, got.stdout, got.stderr)
	}
	expect(1, "High", "PrometheusRule ai/node node/High: Unknown", "rule OK PrometheusRule ai/node has node/High", "loaded FAIL there is no Prometheus or ThanosRuler")

	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(server.RulesDir(), file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		server.Reload()
	}
	const others = "ai-node-00000000-0000-0000-0000-000000000000.yaml"
	write(others, groups)
	expect(1, "High", "loaded FAIL there is no Prometheus or ThanosRuler") // another PrometheusRule of that name, of before
	if err := os.Remove(filepath.Join(server.RulesDir(), others)); err != nil {
		t.Fatal(err)
	}
	enforced := strings.NewReplacer(`"nothing > 1"`, `'nothing{namespace="ai"} > 1'`, `"absent(up)"`, `'absent(up{namespace="ai"})'`).Replace(groups)
	write("node.yaml", enforced)

	expect(0, "High", "PrometheusRule ai/node node/High: Firing", "loaded OK Prometheus holds the rule and evaluates it every 1s",
		"series OK the value is 93", "level page OK fires: 93 is > 42 since ", "alertmanager OK the page alert goes to team")
	expect(0, "Waiting", "level - 93 is >= 80, for ", "of the required 1h: fires in ", "alertmanager OK")
	expect(0, "Quiet", ": Inactive", "level - 93 is not > 95: nothing to fire", "there is nothing to send")
	expect(0, "Gone", ": Firing", "loaded OK", "level OK fires: the expression has a sample since ", "alertmanager OK the alert {namespace=\"ai\"} goes to team")
	expect(0, "Empty", ": NoData", "series - there is no value to compare", "level - there is no value to be > 1")
	expect(1, "Broken", "loaded OK", "evaluated FAIL Prometheus cannot evaluate the rule Broken: ")
	t.Log("\n" + call(t, "", args("status", "--rule", "node")...).stdout)
	if got := call(t, "", args("status", "--rule", "node", "--alert", "High", "-o", "json")...); !strings.Contains(got.stdout, `"group": "node"`) {
		t.Errorf("json is %s%s", got.stdout, got.stderr)
	}
	silence(t, alertmanager, "High")
	expect(1, "High", "alertmanager FAIL the page alert is silenced")

	got := call(t, "", args("recommend", "--rule", "ai/node", "--alert", "Quiet", "--window", "2d", "--end", past.Format(time.RFC3339))...)
	if got.code != 0 || !strings.Contains(got.stdout, "the value tells no level from another") {
		t.Errorf("recommend --rule: exit code %d, %s%s", got.code, got.stdout, got.stderr)
	}
}

// take backtests a threshold of the cluster, and applies the recommended level in both ways that are offered.
func take(t *testing.T, s stage, args func(...string) []string) {
	end := []string{"--end", past.Format(time.RFC3339)}
	got := call(t, "", append(args("backtest", "cpu", "-o", "yaml"), end...)...)
	if got.code != 0 || !strings.Contains(got.stdout, "fires: warning 7, critical 0") || !strings.Contains(got.stdout, "generation: 1") {
		t.Errorf("backtest: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	// The rule that the controller has written says the same, with the records that Prometheus lacks put in.
	got = call(t, "", append(args("backtest", "--rule", "ai/plimsoll-cpu", "-o", "yaml"), end...)...)
	if got.code != 0 || !strings.Contains(got.stdout, "fires: warning 7") || !strings.Contains(got.stdout, "fires: critical 0") || strings.Contains(got.stdout, "inexact") {
		t.Errorf("backtest --rule: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	got = call(t, "", append(args("backtest", "--rule", "plimsoll-none"), end...)...)
	if got.code != 2 || !strings.Contains(got.stderr, "reading PrometheusRule ai/plimsoll-none") {
		t.Errorf("backtest --rule of none: exit code %d\n%s%s", got.code, got.stdout, got.stderr)
	}
	kubectl := func(stdin, command string) {
		t.Helper()
		s.kubectl(t, stdin, command)
	}
	level := func() v1alpha1.Value {
		threshold := &v1alpha1.AlertThreshold{}
		if err := s.Get(t.Context(), client.ObjectKey{Namespace: "ai", Name: "cpu"}, threshold); err != nil {
			t.Fatal(err)
		}
		if len(threshold.Spec.Levels) != 2 || threshold.Spec.Levels[1].Above != "95" {
			t.Errorf("levels = %+v, want critical as it was", threshold.Spec.Levels)
		}
		return threshold.Spec.Levels[0].Above
	}

	table := call(t, "", append(args("recommend", "cpu"), end...)...)
	i := strings.Index(table.stdout, "kubectl patch")
	if table.code != 0 || i < 0 {
		t.Fatalf("recommend: exit code %d\n%s%s", table.code, table.stdout, table.stderr)
	}
	kubectl("", table.stdout[i:])
	if got := level(); got != "90%" {
		t.Errorf("patched to %s, want 90%%", got)
	}
	kubectl("", `kubectl patch alertthreshold cpu -n ai --type=json -p '[{"op":"replace","path":"/spec/levels/0/above","value":80}]'`)
	patch := call(t, "", append(args("recommend", "cpu", "-o", "yaml"), end...)...)
	kubectl(patch.stdout, "kubectl apply --server-side --force-conflicts -f -")
	if got := level(); got != "90%" {
		t.Errorf("applied %s, want 90%%", got)
	}
}

// agree holds that validate refuses what the API server, webhook or controller would, and takes what the API server takes.
func agree(t *testing.T, s stage) {
	const head = "apiVersion: plimsoll.dev/v1alpha1\nkind: AlertThreshold\nmetadata: {namespace: ai, name: x}\nspec: "
	const levels = "levels: [{severity: w, above: 80}]"
	for _, spec := range []string{
		"{alert: A, signal: {name: CPU}, mode: Off, " + levels + "}",
		"{alert: A, signal: {name: CPU}, mode: Quiet, " + levels + "}",
		"{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 0.5}]}",
		"{alert: A, signal: {name: CPU}, levels: [{severity: w}]}",
		"{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80, for: -5m}]}",
		"{alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}, {severity: w, above: 90}]}",
		"{alert: A, signal: {name: CPU}, levels: [{severity: warning, above: 80}, {severity: critical, above: 70}]}",
		"{alert: A, signal: {name: CPU}, levels: []}",
		"{alert: A, signal: {name: CPU}, minTraffic: 1, " + levels + "}",
		"{alert: A, signal: {name: Bananas}, " + levels + "}",
		"{alert: A, signal: {name: HTTPLatency, quantile: 0.95}, levels: [{severity: w, above: 2s}]}",
		"{alert: " + strings.Repeat("A", 101) + ", signal: {name: CPU}, " + levels + "}",
		"{alert: A, expr: up, unit: Furlongs, " + levels + "}",
		"{alert: A, expr: up, signal: {matchLabels: {a: b}}, " + levels + "}",
		"{alert: A, " + levels + "}",
		"{alert: A, signal: {name: CPU}, labels: {severity: x}, " + levels + "}",
		"{alert: A, signal: {name: CPU}, labels: {a: 5}, " + levels + "}",
		"{alert: A, signal: {name: CPU}, annotations: {a-b: x}, " + levels + "}",
		"{}",
	} {
		if got := call(t, head+spec+"\n", "validate", "-f", "-"); got.code != 1 {
			t.Errorf("%s\nvalidate: exit code %d, %s%s", spec, got.code, got.stdout, got.stderr)
		}
	}
	for _, spec := range []string{
		"{alert: A, signal: {name: CPU}, " + levels + "}",
		"{alert: A, signal: {name: CPU}, mode: \"Off\", noData: Alert, " + levels + "}",
		"{alert: A, signal: {name: HTTPLatency, quantile: \"0.9\", by: [endpoint]}, levels: [{severity: w, above: 2s, for: 5m}]}",
	} {
		if err := s.create(head+spec+"\n", client.DryRunAll); err != nil {
			t.Errorf("%s\nAPI server: %v", spec, err)
		}
		if got := call(t, head+spec+"\n", "validate", "-f", "-"); got.code != 0 {
			t.Errorf("%s\nvalidate: exit code %d, %s%s", spec, got.code, got.stdout, got.stderr)
		}
	}
}
