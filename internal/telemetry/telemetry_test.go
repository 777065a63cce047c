package telemetry

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/price"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/system"
)

const (
	model    = "gemini-flash-latest"
	unpriced = "gemini-without-a-price"
)

func fresh() *Recorder {
	percent := 12.5
	r := New(Config{
		Models: []string{model, unpriced},
		Prices: price.Table{model: {Prompt: 0.1, Completion: 0.4, Cached: 0.025}},
		System: func() system.Reading {
			return system.Reading{CPUPercent: &percent, Memory: &system.Memory{Percent: 25}, Disk: &system.Disk{Percent: 50},
				DiskTraffic: &system.Traffic{In: 1, Out: 2}, NetworkTraffic: &system.Traffic{In: 3, Out: 4}}
		},
	})
	r.CollectSessions(func(context.Context) (int, error) { return 3, nil })
	return r
}

func gatherFamilies(t *testing.T, r *Recorder) map[string]*dto.MetricFamily {
	t.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]*dto.MetricFamily{}
	for _, f := range families {
		byName[f.GetName()] = f
	}
	return byName
}

func TestAFreshRecorderEmitsTheWholeContract(t *testing.T) {
	r := fresh()
	r.InitSeries(Endpoint{Method: "POST", Path: "/chat", Statuses: []int{200}, Kinds: []assistant.Kind{assistant.KindQuota}})
	families := gatherFamilies(t, r)
	for _, m := range metric.All() {
		f, ok := families[m.Name]
		if !ok {
			t.Errorf("%s is missing", m.Name)
			continue
		}
		if got := strings.ToLower(f.GetType().String()); got != string(m.Type) {
			t.Errorf("%s is a %s, want a %s", m.Name, got, m.Type)
		}
		var labels []string
		for _, values := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, values.GetName())
		}
		if want := slices.Sorted(slices.Values(m.Labels)); !slices.Equal(labels, want) {
			t.Errorf("%s has labels %v, want %v", m.Name, labels, want)
		}
	}
	for _, name := range []string{"go_goroutines", "process_cpu_seconds_total"} {
		if families[name] == nil {
			t.Errorf("%s is missing", name)
		}
	}
}

func TestHistogramsAreClassicAndNative(t *testing.T) {
	r := fresh()
	r.Request(t.Context(), Request{"POST", "/chat", 200, 1200 * time.Millisecond})
	h := gatherFamilies(t, r)[metric.HTTPRequestDuration.Name].GetMetric()[0].GetHistogram()
	var bounds []float64
	for _, b := range h.GetBucket() {
		bounds = append(bounds, b.GetUpperBound())
	}
	if !slices.Equal(bounds, metric.HTTPRequestDuration.Buckets) {
		t.Errorf("classic buckets = %v, want %v", bounds, metric.HTTPRequestDuration.Buckets)
	}
	if len(h.GetPositiveSpan()) == 0 {
		t.Error("there is no native histogram")
	}
	if got := h.GetSampleSum(); got != 1.2 {
		t.Errorf("sum = %v, want seconds", got)
	}
}

func TestNoClientCanGrowTheSeries(t *testing.T) {
	r := fresh()
	for _, method := range []string{"POST", "BREW", "POST ", "post"} {
		r.Request(t.Context(), Request{method, "/chat", 200, time.Second})
	}
	if got := testutil.CollectAndCount(r.requests); got != 2 {
		t.Errorf("%d series, want those of POST and other", got)
	}
}

func TestWhatIsUnknownIsAbsent(t *testing.T) {
	var out bytes.Buffer
	r := New(Config{System: func() system.Reading { return system.Reading{} }})
	r.CollectSessions(func(context.Context) (int, error) { return 0, errors.New("store is down") })
	page := scrape(t, r, slog.New(slog.NewTextHandler(&out, nil)), "")
	for _, m := range []metric.Metric{
		metric.ActiveSessions, metric.CPUUsage, metric.MemoryUsage, metric.DiskUsage,
		metric.DiskRead, metric.DiskWritten, metric.NetworkReceived, metric.NetworkSent,
	} {
		if strings.Contains(page, m.Name) {
			t.Errorf("%s is there", m.Name)
		}
	}
	if !strings.Contains(page, "go_goroutines") {
		t.Error("one failure hid the other metrics")
	}
	if out.Len() > 0 {
		t.Errorf("every scrape of an outage is logged: %s", out.String())
	}
}

func TestTrafficAndStoreErrorsAreCounters(t *testing.T) {
	r := fresh()
	r.SessionStoreError(metric.OperationHistory)
	page := scrape(t, r, slog.New(slog.DiscardHandler), "")
	for _, want := range []string{
		`session_store_errors_total{operation="history"} 1`,
		`session_store_errors_total{operation="append"} 0`,
		`session_store_errors_total{operation="delete"} 0`,
		`session_store_errors_total{operation="active"} 0`,
		"system_disk_read_bytes_total 1",
		"system_disk_written_bytes_total 2",
		"system_network_receive_bytes_total 3",
		"system_network_transmit_bytes_total 4",
	} {
		if !strings.Contains(page, want+"\n") {
			t.Errorf("/metrics lacks %s", want)
		}
	}
}

func TestOpenMetricsIsServedWhenAskedFor(t *testing.T) {
	logger := slog.New(slog.DiscardHandler)
	if page := scrape(t, fresh(), logger, "application/openmetrics-text;version=1.0.0"); !strings.HasSuffix(page, "# EOF\n") {
		t.Error("OpenMetrics was asked for, and not served")
	}
	page := scrape(t, fresh(), logger, "")
	if want := "active_sessions 3\n"; !strings.Contains(page, want) || strings.Contains(page, "# EOF") {
		t.Errorf("the text format lacks %q, or is OpenMetrics", want)
	}
}

func scrape(t *testing.T, r *Recorder, logger *slog.Logger, accept string) string {
	t.Helper()
	req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	req.Header.Set("Accept", accept)
	rec := httptest.NewRecorder()
	r.Handler(logger).ServeHTTP(rec, req)
	if rec.Code != http.StatusOK {
		t.Fatalf("status %d: %s", rec.Code, rec.Body)
	}
	return rec.Body.String()
}

func TestWhatIsCountedElsewhere(t *testing.T) {
	for _, tt := range []struct {
		read func() int64
		want string
	}{{nil, "log_write_errors_total 0\n"}, {func() int64 { return 7 }, "log_write_errors_total 7\n"}} {
		r := New(Config{System: func() system.Reading { return system.Reading{} }, LogWriteErrors: tt.read})
		if page := scrape(t, r, slog.New(slog.DiscardHandler), ""); !strings.Contains(page, tt.want) {
			t.Errorf("/metrics lacks %q", tt.want)
		}
	}
}
