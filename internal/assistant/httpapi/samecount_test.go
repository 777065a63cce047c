package httpapi

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/accounting"
	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/gemini"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/logs/analysis"
	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// callScenes are ways a call ends, each played for messages that hold its name.
var callScenes = map[string]server.Scene{
	"success":           {Act: server.ActAnswer},
	"thoughtful":        {Act: server.ActAnswer, ThinkingTokens: 17},
	"uncounted":         {Act: server.ActAnswer, NoUsage: true},
	"blocked-prompt":    {Act: server.ActBlockPrompt},
	"blocked-answer":    {Act: server.ActBlockAnswer, Chunks: 2},
	"quota":             {Act: server.ActFail, Code: http.StatusTooManyRequests},
	"unavailable":       {Act: server.ActFail, Code: http.StatusServiceUnavailable},
	"truncated":         {Act: server.ActTruncate, Chunks: 2},
	"truncated-guessed": {Act: server.ActTruncate, Chunks: 2, NoUsage: true},
	"hang-up":           {Act: server.ActStall, Chunks: 2},
}

// withFakeGemini is an API whose model is the real client in front of a scripted server.
func withFakeGemini(t *testing.T) (*API, *syncBuffer) {
	t.Helper()
	var scenes []server.Scene
	for name, scene := range callScenes {
		scene.When = "#" + name + " "
		scenes = append(scenes, scene)
	}
	fake, err := server.New(server.Config{Seed: 1, Behaviour: server.Behaviour{Scenes: scenes}})
	if err != nil {
		t.Fatal(err)
	}
	upstream := httptest.NewServer(fake)
	t.Cleanup(upstream.Close)
	a, _ := newAPI(t, echo) // for its recorder
	model, err := gemini.New(t.Context(), gemini.Config{APIKey: "key", Endpoint: upstream.URL, Silence: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = model.Close() })
	log, window := &syncBuffer{}, stats.NewWindow(time.Now)
	logger := stats.CountInto(logs.New(log, slog.LevelInfo), window)
	return New(Config{
		Models: []assistant.Model{telemetry.Instrument(model.Model("test-model"), a.recorder, logger)}, Sessions: a.sessions,
		Recorder: a.recorder, System: a.system, Logger: logger, Stats: window,
	}), log
}

// leaver is the response of a client that leaves at the first part of a stream.
type leaver struct {
	*httptest.ResponseRecorder
	leave func()
}

func (l leaver) Write(b []byte) (int, error) {
	if strings.Contains(string(b), `"content":"`) && !strings.Contains(string(b), `"content":""`) {
		l.leave()
	}
	return l.ResponseRecorder.Write(b)
}

// playAll sends requests that end in every way, some of them several times.
func playAll(t *testing.T, a *API) {
	t.Helper()
	n := 0
	for name := range callScenes {
		n++
		chat := fmt.Sprintf(`{"message":"#%s x"}`, name)
		completion := fmt.Sprintf(`{"model":"test-model","messages":[{"role":"user","content":"#%s x"}]}`, name)
		streamed := strings.TrimSuffix(completion, "}") + `,"stream":true}`
		if name == "hang-up" { // otherwise it would never end
			ctx, leave := context.WithCancel(t.Context())
			r := httptest.NewRequestWithContext(ctx, "POST", "/v1/chat/completions", strings.NewReader(streamed))
			a.Handler().ServeHTTP(leaver{httptest.NewRecorder(), leave}, r)
			leave()
			continue
		}
		for range n {
			do(a, "POST", "/chat", chat)
			do(a, "POST", "/v1/chat/completions", completion)
			do(a, "POST", "/v1/chat/completions", streamed)
		}
	}
	do(a, "POST", "/chat", `{"message":""}`)
	do(a, "POST", "/chat", "no JSON")
	do(a, "POST", "/v1/chat/completions", `{"model":"other","messages":[{"role":"user","content":"x"}]}`)
	do(a, "GET", "/chat", "")
	do(a, "GET", "/nothing", "")
}

// TestStatsEqualMetrics: /stats and the analysis of the log tell what /metrics tells: calls, their tokens however they
// ended, requests, and each error once.
func TestStatsEqualMetrics(t *testing.T) {
	a, log := withFakeGemini(t)
	playAll(t, a)
	served := decode[statsReport](t, do(a, "GET", "/stats", "").Body).Report
	page := metrics(a) // without the request for itself and that for /stats, a probe
	wantEqualMetrics(t, "/stats", served, page)

	file := analysis.Source{Name: "log", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(log.String())), nil }}
	analyzed, err := analysis.Analyze(t.Context(), []analysis.Source{file}, analysis.Options{To: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	wantEqualMetrics(t, "analyze", analyzed.Report, page)
}

func wantEqualMetrics(t *testing.T, what string, r stats.Report, page string) {
	t.Helper()
	sum := func(name string, without ...string) map[string]float64 {
		m, err := accounting.Parse(strings.NewReader(page), without...)
		if err != nil {
			t.Fatal(err)
		}
		return m[name]
	}
	byEndpoint, calls := map[string]float64{}, map[string]float64{}
	for key, n := range sum(metric.Errors.Name) { // "endpoint error_type"
		endpoint, kind, _ := strings.Cut(key, " ")
		if n == 0 {
			continue
		}
		if endpoint == metric.EndpointModel {
			calls[kind] += n
		} else {
			byEndpoint[kind] += n
		}
	}
	requests := sum(metric.HTTPRequests.Name, "method", "status")
	delete(requests, "/stats")
	maps.DeleteFunc(requests, func(_ string, n float64) bool { return n == 0 })
	for _, tt := range []struct {
		field     string
		got, want any
	}{
		{"errors.error_types", floats(r.Errors.Types), byEndpoint},
		{"errors.total_errors", float64(r.Errors.Total), total(byEndpoint)},
		{"errors.other_errors", r.Errors.Other, uint64(0)},
		{"model.error_types", floats(r.Model.ErrorTypes), calls},
		{"model.total_calls", floats(r.Model.Calls["test-model"]), sum(metric.ModelCalls.Name, "model")},
		{"model.total_tokens", r.Model.Tokens["test-model"], sum(metric.TokensUsed.Name, "model")},
		{"requests.endpoints", floats(r.Requests.Endpoints), requests},
	} {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s: %s = %v, /metrics says %v", what, tt.field, tt.got, tt.want)
		}
	}
	if len(calls) < 5 || calls["cancelled"] != 1 || len(byEndpoint) < 8 {
		t.Errorf("played too little: calls failed by %v, requests by %v", calls, byEndpoint)
	}
}

func floats(counts map[string]uint64) map[string]float64 {
	out := map[string]float64{}
	for name, n := range counts {
		out[name] = float64(n)
	}
	return out
}

func total(counts map[string]float64) (sum float64) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

// TestAnErrorAfterAnErrorIsCountedOnce: a client that leaves before the end of an answer that the filter cut.
func TestAnErrorAfterAnErrorIsCountedOnce(t *testing.T) {
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{breaking(assistant.KindBlocked)}})
	r := httptest.NewRequest("POST", "/v1/chat/completions", strings.NewReader(with(`"stream":true`)))
	a.Handler().ServeHTTP(&closing{ResponseRecorder: httptest.NewRecorder()}, r)
	errors := 0.0
	page, err := accounting.Parse(strings.NewReader(metrics(a)))
	if err != nil {
		t.Fatal(err)
	}
	for key, n := range page[metric.Errors.Name] {
		if strings.HasPrefix(key, completionsPath+" ") {
			errors += n
		}
	}
	if errors != 1 {
		t.Errorf("one request has %v errors", errors)
	}
}

// closing is a connection that takes the first text and nothing more.
type closing struct {
	*httptest.ResponseRecorder
	closed bool
}

func (c *closing) Write(b []byte) (int, error) {
	if c.closed {
		return 0, io.ErrClosedPipe
	}
	c.closed = strings.Contains(string(b), "Half")
	return c.ResponseRecorder.Write(b)
}
