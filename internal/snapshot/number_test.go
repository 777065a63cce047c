//go:build integration

package snapshot

import (
	"fmt"
	"math"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	prometheusclient "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/replay"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// TestNumber: of what a real Prometheus records, status, noData alert and backtest take numbers only, and say what else it is.
func TestNumber(t *testing.T) {
	registry := prometheusclient.NewRegistry()
	histogram := prometheusclient.NewHistogram(prometheusclient.HistogramOpts{
		Name: "latency", Help: "h", NativeHistogramBucketFactor: 1.1, ConstLabels: prometheusclient.Labels{"namespace": "ai"},
	})
	histogram.Observe(3)
	ratio := prometheusclient.NewGauge(prometheusclient.GaugeOpts{Name: "ratio", Help: "r", ConstLabels: prometheusclient.Labels{"namespace": "ai"}})
	ratio.Set(math.NaN())
	registry.MustRegister(histogram, ratio)
	exporter := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(exporter.Close)
	server := prometheusserver.Start(t, fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s, scrape_native_histograms: true}
rule_files: ["rules/*.yaml"]
scrape_configs: [{job_name: test, static_configs: [{targets: [%q]}]}]
`, strings.TrimPrefix(exporter.URL, "http://")))
	client, err := promapi.New(promapi.Options{URL: server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	for i, tc := range []struct{ expr, level, want, current, note string }{
		{"latency", "above: 2", "NoData", "", "native histograms"},
		{"latency", "below: 2", "NoData", "", "native histograms"},
		{"sum(latency)", "above: 2, below: 1", "NoData", "", "native histograms"},
		{"ratio", "above: 2", "NoData", "", "no number but NaN"},
		{"ratio * 100", "below: 2", "NoData", "", "no number but NaN"},
		{"histogram_sum(latency) - 3", "above: 2", "Inactive", "0", ""},
		{"histogram_quantile(0.5, latency)", "above: 2", "Firing", "2.95", ""},
		{"(ratio == ratio) or histogram_count(latency)", "below: 2", "Firing", "1", ""},
	} {
		at := &v1alpha1.AlertThreshold{}
		spec := fmt.Sprintf("{alert: A, expr: %q, noData: Alert, levels: [{severity: w, %s}]}", tc.expr, tc.level)
		if err := yaml.UnmarshalStrict([]byte(spec), &at.Spec); err != nil {
			t.Fatal(err)
		}
		at.Namespace, at.Name = "ai", fmt.Sprint("number-", i)
		plan, errs := rules.Resolve(at)
		if len(errs) > 0 {
			t.Fatal(errs.ToAggregate())
		}
		text, err := yaml.Marshal(plan.Rule(nil).Spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(server.RulesDir(), at.Name+".yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
		server.Reload()
		controlplane.Eventually(t, time.Minute, func() error {
			snap, err := Read(t.Context(), client, nil)
			if err != nil {
				return err
			}
			s := observe.NewTrackedThreshold(plan)
			s.Observe(snap)
			o := s.Published()
			if string(o.State) != tc.want || o.Current != tc.current || !strings.Contains(o.Loaded.Message, tc.note) {
				return fmt.Errorf("%s: state %s, current %q, %+v; want %s, %q, %q", tc.expr, o.State, o.Current, o.Loaded, tc.want, tc.current, tc.note)
			}
			return checkNoDataAlert(t, client, plan, tc.want == "NoData")
		})

		window := backtest.WindowUntil(time.Now().Add(time.Second), 10*time.Second, time.Second)
		replayed, err := replay.New(window, plan, plan.Levels)
		if err != nil {
			t.Fatal(err)
		}
		if err := client.Ingest(t.Context(), plan.Value.Expr, window, replayed.Ingest); err != nil {
			t.Fatal(err)
		}
		result, notes := replayed.Result(), strings.Join(replayed.Notes(), "\n")
		if fires := result.Levels[0].Fires > 0; fires != (tc.want == "Firing") || (result.Coverage > 0) != (tc.note == "") || !strings.Contains(notes, tc.note) {
			t.Errorf("%s: the backtest fires: %v, covers %g, and says %q", tc.expr, fires, result.Coverage, notes)
		}
	}
}

// checkNoDataAlert checks that the plan's alert on missing data is active where it should be.
func checkNoDataAlert(t *testing.T, client *promapi.Client, plan *rules.Plan, want bool) error {
	for group, err := range client.Rules(t.Context(), "") {
		if err != nil {
			return err
		}
		if group.Name != plan.GroupName() {
			continue
		}
		rule := group.Rules[len(group.Rules)-1]
		active := len(rule.Alerts) == 1 && rule.Alerts[0].State == prometheusv1.AlertStatePending && rule.Alerts[0].Labels["namespace"] == "ai"
		if rule.Labels[rules.NoDataLabel] != "true" || active != want {
			return fmt.Errorf("%s: the alert on missing data is %+v, want it to be active: %v", plan.Value.Expr, rule, want)
		}
	}
	return nil
}
