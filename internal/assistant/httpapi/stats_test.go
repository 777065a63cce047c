package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/logs/analysis"
	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// withStats is an API whose lines are counted and whose level can be set.
func withStats(t *testing.T, model generate) (*API, *syncBuffer) {
	t.Helper()
	a, _ := newAPI(t, model)
	log, level := &syncBuffer{}, new(slog.LevelVar)
	window := stats.NewWindow(time.Now)
	logger := stats.CountInto(logs.New(log, level), window)
	return New(Config{
		Models: []assistant.Model{telemetry.Instrument(model, a.recorder, logger)}, Sessions: a.sessions, Recorder: a.recorder, System: a.system,
		Logger: logger, Stats: window, Level: level,
	}), log
}

// flaky fails every third call.
func flaky() generate {
	n := 0
	return func(ctx context.Context, r assistant.Request) (assistant.Answer, error) {
		if n++; n%3 == 0 {
			return assistant.Answer{}, &assistant.Error{Kind: assistant.KindUnavailable, Err: errors.New(`said "no"`)}
		}
		return echo(ctx, r)
	}
}

func TestStatsAreTheSourceDocuments(t *testing.T) {
	a, _ := withStats(t, flaky())
	for range 9 {
		do(a, "POST", "/chat", `{"message":"x"}`)
	}
	do(a, "GET", "/health", "")
	w := do(a, "GET", "/stats?range=5m", "")
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("answer = %d, %v: %s", w.Code, err, w.Body)
	}
	if _, err := time.Parse(time.RFC3339, got["timestamp"].(string)); err != nil || got["range"] != "5m" {
		t.Errorf("timestamp %v, range %v", got["timestamp"], got["range"])
	}
	part := func(name string) map[string]any { return got[name].(map[string]any) }
	for _, tt := range []struct {
		field     string
		got, want any
	}{
		{"total_errors", part("errors")["total_errors"], 3.0}, // each failure is the call's and the request's
		{"error_types", part("errors")["error_types"], map[string]any{"unavailable": 3.0}},
		{"error_types of calls", part("model")["error_types"], map[string]any{"unavailable": 3.0}},
		{"recent_errors", len(part("errors")["recent_errors"].([]any)), 3},
		{"total_requests", part("requests")["total_requests"], 9.0}, // no probes
		{"endpoints", part("requests")["endpoints"], map[string]any{"/chat": 9.0}},
		{"cpu_percent", part("system")["cpu_percent"], 1.5},
		{"memory", part("system")["memory"].(map[string]any)["available"], 75.0},
		{"disk", part("system")["disk"].(map[string]any)["used"], 50.0},
		{"network", part("system")["network"].(map[string]any)["bytes_sent"], 7.0},
		{"total_calls", part("model")["total_calls"], map[string]any{"test-model": map[string]any{"success": 6.0, "error": 3.0}}},
		{"total_tokens", part("model")["total_tokens"], map[string]any{"test-model": map[string]any{"prompt": 6.0, "completion": 12.0}}},
		{"advice", got["advice"].([]any)[0].(map[string]any)["reason"], "high_error_rate"},
	} {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s = %v, want %v", tt.field, tt.got, tt.want)
		}
	}
	for part, fields := range map[string]string{"requests": "avg_duration p50_duration p95_duration p99_duration", "model": "avg_duration"} {
		for _, f := range strings.Fields(fields) {
			if got[part].(map[string]any)[f] == nil {
				t.Errorf("%s lacks %s", part, f)
			}
		}
	}
}

// TestStatsEqualAnalyze: the running assistant and its log file have the same statistics.
func TestStatsEqualAnalyze(t *testing.T) {
	a, log := withStats(t, flaky())
	for range 50 {
		do(a, "POST", "/chat", `{"message":"x"}`)
		do(a, "GET", "/nothing", "")
		do(a, "GET", "/health/ready", "")
	}
	served := decode[statsReport](t, do(a, "GET", "/stats", "").Body).Report
	file := analysis.Source{Name: "log", Open: func() (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(log.String())), nil
	}}
	read, err := analysis.Analyze(t.Context(), []analysis.Source{file}, analysis.Options{To: time.Now()})
	if err != nil || read.Lines.Broken > 0 || read.Requests.Total != 100 {
		t.Fatalf("analyze: %+v, %d requests, %v", read.Lines, read.Requests.Total, err)
	}
	analyzed := read.Report
	analyzed.Timestamp, analyzed.From, analyzed.To = served.Timestamp, served.From, served.To
	if !reflect.DeepEqual(served, analyzed) {
		t.Errorf("served\n%+v\nanalyzed\n%+v", served, analyzed)
	}
}

// TestTheHealthChecksLine holds the log line of /health/detailed to the source document's: it has the whole report.
func TestTheHealthChecksLine(t *testing.T) {
	a, log := withStats(t, echo)
	report := decode[map[string]any](t, do(a, "GET", "/health/detailed", "").Body)
	line := decode[map[string]any](t, strings.NewReader(log.String()))
	for _, field := range []string{"status", "timestamp", "system", "uptime", "active_sessions"} {
		if report[field] == nil || line[field] == nil {
			t.Errorf("%s: report %v, line %v", field, report[field], line[field])
		}
	}
	if !reflect.DeepEqual(line["system"], report["system"]) {
		t.Errorf("system = %v, want %v", line["system"], report["system"])
	}
}

func TestRanges(t *testing.T) {
	a, _ := withStats(t, echo)
	for query, want := range map[string]int{
		"": 200, "?range=": 200, "?range=90s": 200, "?range=1h30m": 200, "?range=1d": 200, "?range=24h": 200,
		"?range=soon": 400, "?range=0s": 400, "?range=-5m": 400, "?range=10ms": 400, "?range=25h": 400, "?range=1h%20": 400,
	} {
		w := do(a, "GET", "/stats"+query, "")
		if w.Code != want {
			t.Errorf("GET /stats%s = %d, want %d", query, w.Code, want)
		}
		if want == 400 && !strings.Contains(decode[errorBody](t, w.Body).Error.Message, "The range must be") {
			t.Errorf("GET /stats%s does not say what to do", query)
		}
	}
}

func TestWhoMaySeeAndSetWhat(t *testing.T) {
	a, _ := withStats(t, echo)
	for name, tt := range map[string]struct {
		stats, level int
		serve        func(*httptest.ResponseRecorder, string)
	}{
		"one port for all": {200, 404, func(w *httptest.ResponseRecorder, path string) {
			a.Handler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		}},
		"users": {404, 404, func(w *httptest.ResponseRecorder, path string) {
			a.PublicHandler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		}},
		"operators": {200, 200, func(w *httptest.ResponseRecorder, path string) {
			a.TelemetryHandler().ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		}},
	} {
		for path, want := range map[string]int{"/stats": tt.stats, "/log-level": tt.level} {
			w := httptest.NewRecorder()
			if tt.serve(w, path); w.Code != want {
				t.Errorf("%s: GET %s = %d, want %d", name, path, w.Code, want)
			}
		}
	}
}

func TestTheLevelCanBeChanged(t *testing.T) {
	a, log := withStats(t, echo)
	put := func(body string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		a.TelemetryHandler().ServeHTTP(w, httptest.NewRequest("PUT", "/log-level", strings.NewReader(body)))
		return w
	}
	for _, tt := range []struct {
		body   string
		status int
		level  slog.Level // afterwards
		told   int        // changes told so far
	}{
		{`{"level":"debug"}`, 200, slog.LevelDebug, 1},
		{`{"level":"debug"}`, 200, slog.LevelDebug, 1},
		{`{"level":"ERROR"}`, 200, slog.LevelError, 2},
		{`{"level":"loud"}`, 400, slog.LevelError, 2},
		{`debug`, 400, slog.LevelError, 2},
		{``, 400, slog.LevelError, 2},
		{`{"level":"` + strings.Repeat("x", maxLevelBody) + `"}`, 400, slog.LevelError, 2},
		{`{"level":"warning"}`, 200, slog.LevelWarn, 3},
	} {
		w := put(tt.body)
		changes := strings.Count(log.String(), "Log level changed")
		if w.Code != tt.status || a.level.Level() != tt.level || changes != tt.told {
			t.Errorf("PUT %.30q = %d, level %v, %d changes told; want %d, %v, %d", tt.body, w.Code, a.level.Level(), changes, tt.status, tt.level, tt.told)
		}
		if tt.status == 200 {
			if got := decode[logLevel](t, w.Body).Level; got != strings.ToLower(logs.LevelName(tt.level)) {
				t.Errorf("PUT %s answers %s", tt.body, got)
			}
		}
	}
}
