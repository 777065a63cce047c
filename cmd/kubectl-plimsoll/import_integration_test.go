//go:build integration

package main

import (
	"strings"
	"testing"
	"time"
)

const toImport = `
groups:
- name: cpu
  interval: 1m
  rules:
  - {record: "pod:cpu:max", expr: "max by (pod) (system_cpu_usage_percent)"}
  - {alert: Busy, expr: 'system_cpu_usage_percent{namespace=~".*"} >= 80', for: 5m, labels: {severity: warning}, annotations: {at: '{{ $value }}'}}
  - {alert: Busy, expr: 'system_cpu_usage_percent > 85', keep_firing_for: 10m, labels: {severity: critical}}
  - {alert: OfRecord, expr: "pod:cpu:max > 80", labels: {severity: warning}}
  - {alert: Silent, expr: 'absent(system_cpu_usage_percent{pod="three"})', labels: {severity: info}}
  - {alert: Quiet, expr: 'system_cpu_usage_percent > 95', labels: {severity: warning}}
  - {alert: Broken, expr: 'system_cpu_usage_percent * on (namespace) system_cpu_usage_percent > 0', labels: {severity: warning}}
`

// TestImportProves imports rules and proves each by a replay of a real Prometheus, in the namespace of the series and in one without.
func TestImportProves(t *testing.T) {
	server := serverWithCPU(t, "", spikes)
	args := []string{"import", "-f", "-", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339), "--window", "2d", "--strict", "-n"}
	for namespace, want := range map[string][]string{
		"ai": {
			"6 alerting rules: 5 imported as 5 thresholds, 4 of them proven; 1 left",
			"# cpu/Busy\n# over 2d the threshold fired exactly when the rule did, 2 times\n",
			"# cpu/OfRecord\n# over 2d the threshold fired exactly when the rule did, 2 times\n",
			"# cpu/Silent\n# over 2d the threshold fired exactly when the rule did, once\n",
			"# cpu/Quiet\n# not proven: over 2d neither it nor the threshold fired\n",
			"# cpu/Broken is left: giving up at ",
		},
		"web": {
			"# cpu/Busy\n# not proven: over 2d neither it nor the threshold fired. In other namespaces the rule fired 2 times\n",
			"# cpu/OfRecord is left: would not fire as the rule did: 0 alerts instead of 2",
			"# cpu/Silent\n# over 2d the threshold fired exactly when the rule did, once\n",
		},
	} {
		got := call(t, toImport, append(args, namespace)...)
		if got.code != 1 {
			t.Errorf("%s: exit code %d", namespace, got.code)
		}
		for _, text := range want {
			if !strings.Contains(got.stdout+got.stderr, text) {
				t.Errorf("%s: it does not say %q", namespace, text)
			}
		}
		t.Log(got.stderr + got.stdout)
	}
}
