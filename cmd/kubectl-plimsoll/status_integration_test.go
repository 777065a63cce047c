//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
)

// TestStatusOfFiles diagnoses what is in files by a real Prometheus, without a cluster: loaded as it is, loaded as it was, and not at all.
func TestStatusOfFiles(t *testing.T) {
	const (
		hot = `{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: hot, namespace: ai}, spec: {alert: Hot, expr: vector(93), levels: [{severity: warning, above: 80}]}}`
		of  = `
groups:
- name: node
  rules:
  - {record: "x:max", expr: "max(label_replace(vector(7), 'a', '1', '', '') or vector(5))"}
  - {alert: High, expr: "42 < vector(93)", labels: {severity: page}}
  - {alert: Recorded, expr: "x:max > 6", for: 5m}
  - {alert: Gone, expr: "absent(up)"}
`
		object = "apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\nmetadata: {name: node, namespace: ai}\nspec:\n"
	)
	server := prometheusserver.Start(t, "global: {evaluation_interval: 1s}\nrule_files: [rules/*.yaml]\n")
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(server.RulesDir(), file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		server.Reload()
	}
	expect := func(code int, file string, args []string, says ...string) {
		t.Helper()
		eventually(t, func() error {
			got := call(t, file, append([]string{"status", "-f", "-", "--prometheus-url", server.URL()}, args...)...)
			for _, want := range says {
				if got.code != code || !strings.Contains(strings.Join(strings.Fields(got.stdout), " "), want) {
					return fmt.Errorf("exit code %d\n%s%s\nwant %d and %q", got.code, got.stdout, got.stderr, code, want)
				}
			}
			return nil
		})
	}

	const apply = "apply the file, or check that --prometheus-url is its Prometheus"
	expect(1, hot, nil, "AlertThreshold ai/hot: Unknown", "file OK the spec is valid, its mode is Enforce", "loaded FAIL Prometheus does not have PrometheusRule plimsoll-hot: "+apply,
		"evaluated - there is nothing to evaluate", "series OK The value of Hot is 93", "level warning ? Prometheus does not have the alert as it should be, and 93 is > 80")
	expect(1, strings.Replace(hot, "vector(93)", "nothing", 1), nil, "series FAIL The value of Hot has no value")
	expect(1, strings.Replace(hot, "alert: Hot", "alert: Hot, mode: 'Off'", 1), nil, "AlertThreshold ai/hot: Off", "rule FAIL spec.mode is Off")
	expect(1, of, nil, "rule node/High: Unknown", "file OK <stdin> has node/High in line 6", "loaded FAIL Prometheus does not have the rule node/High: "+apply, "93 is > 42",
		"series OK the value is 7", "rule node/Recorded: Unknown", ", and 7 is > 6", "level ? Prometheus does not have the alert as it should be alert")
	expect(1, of, []string{"--alert", "Gone"}, "rule node/Gone")

	spec := call(t, hot, "render", "-f", "-", "-o", "json")
	var list struct {
		Items []struct{ Spec json.RawMessage }
	}
	if err := json.Unmarshal([]byte(spec.stdout), &list); err != nil {
		t.Fatal(err, spec.stdout, spec.stderr)
	}
	write("hot.yaml", string(list.Items[0].Spec))
	expect(1, hot, nil, "AlertThreshold ai/hot: Firing", "loaded OK", "series OK The value of Hot is 93", "level warning OK fires: 93 is > 80 since", "alertmanager FAIL")
	expect(1, strings.Replace(hot, "vector(93)", "vector(94)", 1), nil, "loaded FAIL Prometheus holds another expression of the rule plimsoll:signal: vector(93): "+apply, "series OK The value of Hot is 94")
	expect(1, strings.Replace(hot, "above: 80", "above: 80, for: 1h", 1), nil, "loaded FAIL Prometheus holds another for")

	others := "other-node-00000000-0000-4000-8000-000000000000.yaml"
	write(others, of)
	expect(1, object+strings.ReplaceAll(of, "\n", "\n  "), []string{"--alert", "High"}, "PrometheusRule ai/node node/High: Unknown", "loaded FAIL Prometheus does not have the rule ai/node node/High: "+apply)
	expect(1, of, []string{"--alert", "High"}, "rule node/High: Firing", "level page OK fires: 93 is > 42")
	write("ai-node-00000000-0000-4000-8000-000000000001.yaml", of)
	expect(1, object+strings.ReplaceAll(of, "\n", "\n  "), []string{"--alert", "Recorded"}, "PrometheusRule ai/node node/Recorded: Pending", "series OK the value is 7", "7 is > 6, for")
	t.Log("\n" + call(t, of, "status", "-f", "-", "--prometheus-url", server.URL()).stdout)

	got := call(t, hot+"\n---\n"+of, "status", "-f", "-", "--prometheus-url", server.URL(), "-o", "json")
	var result struct{ Thresholds, Rules []report }
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || len(result.Thresholds) != 1 || len(result.Rules) != 3 {
		t.Errorf("%v: %s%s", err, got.stdout, got.stderr)
	}
	if r := result.Rules[1]; r.Alert != "Recorded" || r.Current != "7" || r.Headroom != "-17%" {
		t.Errorf("Recorded = %+v, want 7, which is 17%% beyond its level", r)
	}
	if got := call(t, of, "status", "-f", "-"); got.code != 0 || !strings.Contains(got.stdout, "Prometheus was not queried") {
		t.Errorf("without Prometheus: exit code %d: %s%s", got.code, got.stdout, got.stderr)
	}
}
