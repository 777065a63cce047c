//go:build integration

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// webhookReceiver is a receiver of Alertmanager that keeps what it is notified of.
type webhookReceiver struct {
	URL string

	mu sync.Mutex
	// drills are the statuses of drills that it was notified of, by alertname.
	drills map[string][]string
}

func startWebhookReceiver(t *testing.T) *webhookReceiver {
	r := &webhookReceiver{drills: map[string][]string{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.URL = server.URL
	return r
}

func (r *webhookReceiver) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	var notification struct {
		Alerts []struct {
			Status string
			Labels map[string]string
		}
	}
	_ = json.NewDecoder(req.Body).Decode(&notification)
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, alert := range notification.Alerts {
		if alert.Labels["drill"] == "true" {
			name := alert.Labels["alertname"]
			r.drills[name] = append(r.drills[name], alert.Status)
		}
	}
}

// received returns what it was notified of drills of the alert, in order.
func (r *webhookReceiver) received(alertname string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.drills[alertname])
}

// drillStage is a Prometheus that sends to an Alertmanager, which sends to a receiver.
type drillStage struct {
	prometheus   *prometheusserver.Server
	alertmanager string
	receiver     *webhookReceiver
}

// newDrillStage starts them. Both alerts of hotThreshold fire.
func newDrillStage(t *testing.T) drillStage {
	receiver := startWebhookReceiver(t)
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	t.Cleanup(broken.Close)
	alertmanager := startAlertmanager(t, fmt.Sprintf(`
route:
  {receiver: team, group_by: [alertname, severity], group_wait: 1s, group_interval: 1s, repeat_interval: 1h, routes: [
    {receiver: "null", matchers: [alertname="Ignored"]}, {receiver: broken, matchers: [alertname="Broken"]},
    {receiver: team, matchers: [alertname="Night"], mute_time_intervals: [always]}, {receiver: team, matchers: [alertname="Slow"], group_wait: 1h}]}
time_intervals: [{name: always, time_intervals: [{years: ["2000:2199"]}]}]
inhibit_rules: [{source_matchers: [severity="critical"], target_matchers: [severity="warning"], equal: [alertname, namespace, alertthreshold]}]
receivers: [{name: team, webhook_configs: [{url: %q}]}, {name: broken, webhook_configs: [{url: %q}]}, {name: "null"}]
`, receiver.URL, broken.URL))
	prometheus := prometheusserver.Start(t, fmt.Sprintf(`
global: {evaluation_interval: 1s, external_labels: {prometheus: monitoring/k8s, prometheus_replica: prometheus-k8s-0}}
rule_files: [rules/*.yaml]
alerting:
  alert_relabel_configs: [{regex: prometheus_replica, action: labeldrop}]
  alertmanagers: [{static_configs: [{targets: [%q]}], alert_relabel_configs: [{source_labels: [severity], target_label: pager, replacement: "$1-pager"}]}]
`, strings.TrimPrefix(alertmanager, "http://")), "--rules.alert.resend-delay=1s")
	rule := call(t, hotThreshold, "render", "-f", "-", "-o", "json")
	var rendered struct {
		Items []struct{ Spec json.RawMessage }
	}
	if err := json.Unmarshal([]byte(rule.stdout), &rendered); err != nil {
		t.Fatalf("%v: %s%s", err, rule.stdout, rule.stderr)
	}
	if err := os.WriteFile(filepath.Join(prometheus.RulesDir(), "hot.yaml"), rendered.Items[0].Spec, 0o600); err != nil {
		t.Fatal(err)
	}
	prometheus.Reload()
	eventually(t, func() error {
		if got := alertsOf(t, alertmanager, `alertname="Hot"`); len(got) != 2 {
			return fmt.Errorf("Alertmanager has %v, want both levels of Hot", got)
		}
		return nil
	})
	return drillStage{prometheus, alertmanager, receiver}
}

const hotThreshold = `{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: hot, namespace: ai}, spec: {alert: Hot,
expr: 'label_replace(vector(93), "pod", "one", "", "")', labels: {team: "of-{{ $labels.pod }}"}, annotations: {runbook_url: "http://x/{{ $externalLabels.prometheus }}/{{ $value }}"},
levels: [{severity: warning, above: 80}, {severity: critical, above: 90}]}}`

// calmThreshold is far from its levels.
func calmThreshold(alert string) string {
	return strings.NewReplacer("hot", strings.ToLower(alert), "Hot", alert, "93", "5").Replace(hotThreshold)
}

func (s drillStage) args(args ...string) []string {
	return append([]string{"drill", "-f", "-", "--prometheus-url", s.prometheus.URL(), "--for", "4s"}, args...)
}

// TestDrill sends alerts to a real Alertmanager: one that arrives, and those that do not.
func TestDrill(t *testing.T) {
	s := newDrillStage(t)
	t.Run("not without a yes", func(t *testing.T) {
		got := call(t, calmThreshold("Calm"), s.args("--level", "critical")...)
		if got.code != 1 || !strings.Contains(got.stderr, "add --yes") || !strings.Contains(got.stderr, "alertname: Calm") || !strings.Contains(got.stderr, s.alertmanager) {
			t.Errorf("exit code %d, %s", got.code, got.stderr)
		}
		off := call(t, strings.Replace(calmThreshold("Calm"), "levels:", `mode: "Off", levels:`, 1), s.args("--level", "critical", "--yes")...)
		if off.code != 2 || !strings.Contains(off.stderr, "its mode is Off") {
			t.Errorf("mode Off: exit code %d, %s", off.code, off.stderr)
		}
		if got := alertsOf(t, s.alertmanager, `drill="true"`); len(got) > 0 {
			t.Errorf("Alertmanager has %v", got)
		}
	})
	silence(t, s.alertmanager, "Quiet")
	for _, tc := range []struct {
		alert, level string
		code         int
		// row is part of the table.
		row string
		// received is what of the alert arrived at the end.
		received []string
	}{
		{"Calm", "critical", 0, "team notified webhook: ", []string{"firing", "resolved"}},
		{"Quiet", "critical", 1, "team silenced amtool silence query --id ", nil},
		{"Ignored", "critical", 1, "null null the receiver has no integration", nil},
		{"Night", "critical", 1, "team muted by the time interval always", nil},
		{"Slow", "critical", 1, "team waiting no webhook was sent: use --for", nil},
		{"Broken", "critical", 1, "broken failed webhook: ", nil},
		{"Hot", "warning", 1, "team inhibited by ", nil},
	} {
		t.Run(tc.alert, func(t *testing.T) {
			threshold := calmThreshold(tc.alert)
			if tc.alert == "Hot" {
				threshold = hotThreshold
			}
			got := call(t, threshold, s.args("--level", tc.level, "--yes")...)
			if got.code != tc.code || !strings.Contains(strings.Join(strings.Fields(got.stdout), " "), tc.row) {
				t.Errorf("exit code %d\n%s%s\nwant %d and %q", got.code, got.stdout, got.stderr, tc.code, tc.row)
			}
			t.Log("\n" + got.stderr + got.stdout)
			if left := alertsOf(t, s.alertmanager, `drill="true"`); len(left) > 0 {
				t.Errorf("Alertmanager still has %v", left)
			}
			eventually(t, func() error {
				if got := s.receiver.received(tc.alert); !reflect.DeepEqual(got, tc.received) {
					return fmt.Errorf("the receiver got %q, want %q", got, tc.received)
				}
				return nil
			})
		})
	}
	t.Run("as the real one", func(t *testing.T) { sameAlert(t, s) })
	t.Run("Ctrl-C", func(t *testing.T) { interrupt(t, s) })
	t.Run("out of reach", func(t *testing.T) {
		got := call(t, calmThreshold("Calm"), s.args("--level", "critical", "--yes", "--alertmanager-url", "http://127.0.0.1:1")...)
		if got.code != 2 || !strings.Contains(got.stdout, "kubectl port-forward to it and use --alertmanager-url") {
			t.Errorf("exit code %d\n%s%s", got.code, got.stdout, got.stderr)
		}
	})
}

// sameAlert holds that a drill's alert is the one that Prometheus sends, but for the label drill.
func sameAlert(t *testing.T, s drillStage) {
	var result drilled
	got := call(t, hotThreshold, s.args("--level", "critical", "--yes", "-o", "json")...)
	if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || got.code != 0 || !result.Resolved {
		t.Fatalf("exit code %d, %v: %s%s", got.code, err, got.stdout, got.stderr)
	}
	real := alertsOf(t, s.alertmanager, `alertname="Hot"`, `severity="critical"`)
	if len(real) != 1 {
		t.Fatalf("Alertmanager has %v", real)
	}
	want := maps.Clone(real[0].Labels)
	want["drill"] = "true"
	if want["team"] != "of-one" || want["pager"] != "critical-pager" || want["prometheus"] != "monitoring/k8s" || want["prometheus_replica"] != "" {
		t.Fatalf("the real alert is %v", want)
	}
	if !reflect.DeepEqual(result.Labels, want) {
		t.Errorf("labels are %v, want %v", result.Labels, want)
	}
	if url := result.Annotations["runbook_url"]; url != "http://x/monitoring/k8s/93" {
		t.Errorf("annotations are %v", result.Annotations)
	}
}

// interrupt ends a drill of an hour as Ctrl-C does: its alert is resolved.
func interrupt(t *testing.T, s drillStage) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	streams, in, stdout, stderr := genericiooptions.NewTestIOStreams()
	in.WriteString(calmThreshold("Eve"))
	ended := make(chan error)
	go func() { ended <- run(ctx, s.args("--level", "warning", "--yes", "--for", "1h"), streams) }()
	eventually(t, func() error {
		if len(s.receiver.received("Eve")) == 0 {
			return errors.New("not notified")
		}
		return nil
	})
	cancel()
	if err := <-ended; err != nil || !strings.Contains(stdout.String(), "notified") {
		t.Errorf("%v: %s%s", err, stdout, stderr)
	}
	eventually(t, func() error {
		if got := s.receiver.received("Eve"); !reflect.DeepEqual(got, []string{"firing", "resolved"}) {
			return fmt.Errorf("the receiver got %q", got)
		}
		return nil
	})
}

func alertsOf(t *testing.T, alertmanager string, filters ...string) []promapi.ReceivedAlert {
	t.Helper()
	client, err := promapi.NewAlertmanager(promapi.Options{URL: alertmanager})
	if err != nil {
		t.Fatal(err)
	}
	alerts, err := client.Alerts(t.Context(), filters...)
	if err != nil {
		t.Fatal(err)
	}
	return alerts
}
