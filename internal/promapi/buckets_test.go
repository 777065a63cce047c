//go:build integration

package promapi

import (
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	prometheusclient "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// TestBuckets reads the buckets of classic and native histograms, and of both in one, from a real Prometheus.
func TestBuckets(t *testing.T) {
	registry := prometheusclient.NewRegistry()
	classic := []float64{1, 2.5, 10}
	for _, o := range []prometheusclient.HistogramOpts{
		{Name: "classic", Buckets: classic}, {Name: "native", NativeHistogramBucketFactor: 1.1}, {Name: "both", Buckets: classic, NativeHistogramBucketFactor: 1.1},
	} {
		o.Help, o.ConstLabels = "h", prometheusclient.Labels{"namespace": "ai"}
		histogram := prometheusclient.NewHistogram(o)
		histogram.Observe(3)
		registry.MustRegister(histogram)
	}
	exporter := httptest.NewServer(promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	t.Cleanup(exporter.Close)
	server := prometheusserver.Start(t, fmt.Sprintf(`
global: {scrape_interval: 1s, scrape_native_histograms: true, always_scrape_classic_histograms: true}
scrape_configs: [{job_name: test, static_configs: [{targets: [%q]}]}]
`, strings.TrimPrefix(exporter.URL, "http://")))
	client := newClient(t, Options{URL: server.URL()})
	controlplane.Eventually(t, time.Minute, func() error {
		rates, err := client.Query(t.Context(), "rate(both[1m] offset 2s)", time.Time{})
		if err == nil && len(rates) == 0 {
			err = errors.New("no rate yet")
		}
		return err
	})

	window := backtest.WindowUntil(time.Now(), time.Minute, time.Second)
	for name, want := range map[string]struct {
		bounds   []float64
		isNative bool
	}{
		"classic": {classic, false}, "native": {nil, true}, "both": {classic, false}, "none": {nil, false},
	} {
		expr := fmt.Sprintf(`histogram_quantile(0.9, sum by (le) (rate(%[1]s_bucket{namespace="ai"}[1m]))) or histogram_quantile(0.9, sum(rate(%[1]s{namespace="ai"}[1m])))`, name)
		got, err := client.Buckets(t.Context(), expr, window)
		if err != nil {
			t.Fatal(err)
		}
		if got.Metric != name || !slices.Equal(got.Bounds, want.bounds) || !slices.Equal(got.Shared, want.bounds) || got.IsNative != want.isNative || !got.ChangedAt.IsZero() {
			t.Errorf("%s: buckets are %+v", name, got)
		}
	}
	if got, err := client.Buckets(t.Context(), "vector(1)", window); got != nil || err != nil {
		t.Errorf("buckets of no quantile are %+v, %v", got, err)
	}
}
