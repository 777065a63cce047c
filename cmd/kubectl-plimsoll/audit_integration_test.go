//go:build integration

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/audit"
)

// auditRules are one rule for each thing that can be wrong, and some with nothing wrong.
const auditRules = `
groups:
- name: audited
  interval: 1m
  rules:
  - {record: "pod:cpu:max", expr: "max by (pod) (system_cpu_usage_percent)"}
  - {alert: Flapping, expr: 'system_cpu_usage_percent{pod="flapping"} > 80', labels: {severity: critical}}
  - {alert: Busy, expr: 'pod:cpu:max{pod="one"} > 80', for: 5m, labels: {severity: warning}}
  - {alert: Gone, expr: 'rate(gone_total[5m]) > 1', labels: {severity: warning}}
  - {alert: OtherPod, expr: 'system_cpu_usage_percent{pod="three"} > 80'}
  - {alert: Never, expr: 'system_cpu_usage_percent > 95 < 90'}
  - {alert: Always, expr: 'absent(gone_total)', for: 5m}
  - {alert: Watchdog, expr: 'vector(1)'}
  - {alert: Broken, expr: 'system_cpu_usage_percent * on (namespace) system_cpu_usage_percent > 0'}
  - {alert: ShortFor, expr: 'system_cpu_usage_percent > 99', for: 1m}
  - {alert: Fine, expr: 'system_cpu_usage_percent > 99', for: 5m}
  - {alert: Brief, expr: 'brief > 5'}
  - {alert: OneByOne, expr: 'max_over_time((system_cpu_usage_percent @ end())[1h:]) > 99'}
  - {alert: AboveBuckets, expr: 'histogram_quantile(0.9, sum by (le) (rate(slow_bucket[5m]))) > 30'}
`

const auditConfig = "global: {evaluation_interval: 30s}\nrule_files: [rules/*.yaml]\n"

// auditServer runs a Prometheus that has two days of three pods, and the rules loaded.
func auditServer(t *testing.T) *prometheusserver.Server {
	t.Helper()
	server := prometheusserver.StartWithHistory(t, auditConfig, func(w io.Writer) {
		fmt.Fprintln(w, "# TYPE system_cpu_usage_percent gauge")
		for pod, cpu := range map[string]func(time.Time) float64{
			"one": func(at time.Time) float64 { return spikes("one", at) },
			"flapping": func(at time.Time) float64 { // 5 minutes of every hour
				if ago := past.Sub(at) % time.Hour; 30*time.Minute < ago && ago <= 35*time.Minute {
					return 90
				}
				return 70
			},
			"two": func(time.Time) float64 { return 50 },
		} {
			for at := past.Add(-48 * time.Hour); !at.After(past); at = at.Add(30 * time.Second) {
				fmt.Fprintf(w, "system_cpu_usage_percent{namespace=\"ai\",pod=%q} %g %d\n", pod, cpu(at), at.Unix())
			}
		}
		fmt.Fprintln(w, "# TYPE ai_tokens_used counter") // by it the source is known
		for at := past.Add(-48 * time.Hour); !at.After(past); at = at.Add(time.Minute) {
			fmt.Fprintf(w, "ai_tokens_used_total{namespace=\"ai\"} 1 %d\n", at.Unix())
		}
		fmt.Fprintln(w, "# TYPE brief gauge") // it is there between the times at which is looked for series first
		for at := past.Add(-1000 * time.Second); at.Before(past.Add(-880 * time.Second)); at = at.Add(30 * time.Second) {
			fmt.Fprintf(w, "brief 1 %d\n", at.Unix())
		}
		fmt.Fprintln(w, "# TYPE slow histogram")
		for _, le := range []string{"1.0", "10.0", "+Inf"} {
			for at, n := past.Add(-48*time.Hour), 0; !at.After(past); at, n = at.Add(time.Minute), n+1 {
				fmt.Fprintf(w, "slow_bucket{le=%q} %d %d\n", le, n, at.Unix())
			}
		}
	})
	if err := os.WriteFile(filepath.Join(server.RulesDir(), "a.yaml"), []byte(auditRules), 0o600); err != nil {
		t.Fatal(err)
	}
	server.Reload()
	return server
}

// TestAudit audits loaded rules, of which each is wrong in its own way, against a real Prometheus, and a cluster with a PrometheusRule
// that nothing selects.
func TestAudit(t *testing.T) {
	server := auditServer(t)
	s := newStage(t)
	if err := s.create(`
apiVersion: monitoring.coreos.com/v1
kind: Prometheus
metadata: {name: main, namespace: default}
spec: {ruleSelector: {matchLabels: {team: a}}, ruleNamespaceSelector: {}}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: forgotten, namespace: default, labels: {team: b}}
spec: {groups: [{name: forgotten, rules: [{alert: Forgotten, expr: up == 0}]}]}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: loaded, namespace: default, labels: {team: a}}
spec: {groups: [{name: audited, rules: [{alert: Fine, expr: system_cpu_usage_percent > 99, for: 5m}]}]}
`); err != nil {
		t.Fatal(err)
	}
	args := []string{"audit", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339), "--window", "2d", "--load", "100"}
	got := call(t, "", append(args, "-o", "json", "--kubeconfig", s.kubeconfig)...)
	var report audit.Report
	if err := json.Unmarshal([]byte(got.stdout), &report); err != nil || got.code != 0 || got.stderr != "" {
		t.Fatalf("exit code %d, %v: %s%s", got.code, err, got.stdout, got.stderr)
	}
	if len(report.Rules) != 13 || report.Total != 13 || report.Window != "2d" {
		t.Errorf("%d of %d rules over %s, want 13 of 13 over 2d", len(report.Rules), report.Total, report.Window)
	}
	kinds := map[string]string{}
	for _, r := range report.Rules {
		kinds[r.Alert] = fmt.Sprintf("%d fires, %d flaps", r.Fires, r.Flaps)
		for _, p := range r.Problems {
			kinds[r.Alert] += fmt.Sprintf(" %s: %s", p.Kind, p.Message)
		}
	}
	for name, want := range map[string]string{
		"Flapping": "48 fires, 0 flaps",
		"Busy":     "2 fires, 0 flaps",
		"Gone":     "0 fires, 0 flaps NoData: gone_total is absent, at all times of the window",
		"OtherPod": `0 fires, 0 flaps NoData: system_cpu_usage_percent has series, but none is system_cpu_usage_percent{pod="three"}, at all times of the window`,
		"Never":    "0 fires, 0 flaps CannotFire: no value meets system_cpu_usage_percent > 95 < 90",
		"Always":   "1 fires, 0 flaps AlwaysFiring: some alert fired throughout the window",
		"Watchdog": "1 fires, 0 flaps",
		"Broken":   "0 fires, 0 flaps Fails: giving up at ",
		"ShortFor": "0 fires, 0 flaps ShortFor: for 1m is shorter than two evaluations, which are 1m apart: write for 2m or more, or none",
		"Fine":     "0 fires, 0 flaps",
		"Brief":    "0 fires, 0 flaps",

		"OneByOne":     "0 fires, 0 flaps Unknown: its evaluations must be asked for one by one: ",
		"AboveBuckets": "0 fires, 0 flaps CannotFire: the buckets of slow end at 10: they show no value > 30",
	} {
		if text := kinds[name]; !strings.HasPrefix(text, want) || !strings.HasSuffix(want, " ") && text != want {
			t.Errorf("%s: %s, want %s", name, text, want)
		}
	}
	if first := report.Rules[0]; first.Alert != "Flapping" || first.Share < 0.9 || first.Severity != "critical" {
		t.Errorf("the noisiest = %+v, want Flapping with 48 of 52 fires", first)
	}
	if len(report.NotLoaded) != 1 || report.NotLoaded[0].Name != "forgotten" || !strings.Contains(report.NotLoaded[0].Because, "asks for rules with the labels team=a") {
		t.Errorf("not loaded = %+v, want default/forgotten with why", report.NotLoaded)
	}

	table := call(t, "", append(args, "--max-fires", "40")...)
	if table.code != 1 || !strings.Contains(table.stderr, "audited/Flapping would have fired 48 times, more than --max-fires 40") ||
		!strings.Contains(table.stderr, "which PrometheusRules are not loaded is not known") {
		t.Errorf("--max-fires, without a cluster: exit code %d, %s", table.code, table.stderr)
	}
	t.Log("\n" + table.stdout + table.stderr)

	const file = "groups: [{name: new, rules: [{alert: New, expr: system_cpu_usage_percent > 80}]}, {name: audited, rules: [{alert: Fine, expr: system_cpu_usage_percent > 99}]}]"
	files := call(t, file, append(args, "-f", "-", "-o", "markdown")...)
	if files.code != 0 || strings.Contains(files.stdout, "| Busy |") || strings.Count(files.stdout, "NotLoaded: ") != 1 || !strings.Contains(files.stdout, "- new/New: NotLoaded: ") {
		t.Errorf("of files: exit code %d, %s%s", files.code, files.stdout, files.stderr)
	}
}

// TestAuditInterrupted: an audit that is interrupted prints what it has; so does one whose Prometheus goes away.
func TestAuditInterrupted(t *testing.T) {
	server := auditServer(t)
	for _, tc := range []struct {
		says string
		stop func(cancel func())
	}{
		{"interrupted, after 3 of 13 rules", func(cancel func()) { cancel() }},
		{"giving up: ", func(func()) { server.Stop() }}, // the last: nothing is served after it
	} {
		name, stop := tc.says, tc.stop
		ctx, cancel := context.WithCancel(t.Context())
		var asked atomic.Int32
		proxy := stopping(t, server.URL(), func(expr string) {
			if strings.Contains(expr, `pod="three"`) && !strings.Contains(expr, "plimsoll_selector") && asked.Add(1) == 1 {
				stop(cancel)
			}
		})
		t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
		streams, _, stdout, stderr := genericiooptions.NewTestIOStreams()
		code := exitCode(run(ctx, []string{"audit", "--prometheus-url", proxy, "--end", past.Format(time.RFC3339), "--window", "2d", "--load", "100"}, streams), stderr)
		cancel()
		for _, want := range []string{" of 13 alerting rules over 2d", "Flapping ", "Busy ", "Gone "} {
			if !strings.Contains(stdout.String(), want) {
				t.Errorf("%s: the table does not say %q:\n%s", name, want, stdout)
			}
		}
		if code != 2 || !strings.Contains(stderr.String(), name) || strings.Contains(stdout.String(), "Watchdog") {
			t.Errorf("%s: exit code %d: %s%s", name, code, stdout, stderr)
		}
	}
}

// stopping is the base of a proxy to the server, which hands every expression to see before it is asked.
func stopping(t *testing.T, base string, see func(expr string)) string {
	t.Helper()
	behind, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	to := httputil.NewSingleHostReverseProxy(behind)
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		form, _ := url.ParseQuery(string(body))
		see(form.Get("query"))
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		to.ServeHTTP(w, r)
	}))
	t.Cleanup(proxy.Close)
	return proxy.URL
}
