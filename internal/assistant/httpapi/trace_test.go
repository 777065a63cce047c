package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/clientkeys"
)

const (
	parentTrace = "0af7651916cd43dd8448eb211c80319c"
	traceparent = "00-" + parentTrace + "-b7ad6b7169203331-01"
)

// tracedAPI returns an API with a tracer, its log, and where its spans go.
func tracedAPI(t *testing.T, model generate) (*API, *syncBuffer, *tracetest.SpanRecorder) {
	t.Helper()
	spans := tracetest.NewSpanRecorder()
	tracer := sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans)).Tracer("test")
	a, log := newAPIWith(t, Config{Models: []assistant.Model{model}, Tracer: tracer})
	return a, log, spans
}

func TestRequestsAreSpans(t *testing.T) {
	const chat = `{"message": "canary"}`
	for _, tt := range []struct {
		name, method, path, body string
		model                    generate
		span                     string
		want                     map[string]any
	}{
		{"a chat", "POST", "/chat", chat, echo, "POST /chat", map[string]any{
			"http.request.method": "POST", "http.route": "/chat", "url.path": "/chat", "http.response.status_code": int64(200),
		}},
		{"a session", "DELETE", "/chat/canary", "", echo, "DELETE /chat/{session_id}", map[string]any{
			"http.request.method": "DELETE", "http.route": "/chat/{session_id}", "url.path": "/chat/{session_id}",
			"http.response.status_code": int64(204),
		}},
		{"no route", "GET", "/canary?q=canary", "", echo, "GET", map[string]any{
			"http.request.method": "GET", "http.response.status_code": int64(404),
		}},
		{"no method", "BREW", "/chat", "", echo, "HTTP /chat", map[string]any{
			"http.request.method": "_OTHER", "http.request.method_original": "BREW", "http.route": "/chat", "url.path": "/chat",
			"http.response.status_code": int64(405),
		}},
		{"a client's mistake", "POST", "/chat", `{"message": 1}`, echo, "POST /chat", map[string]any{
			"http.request.method": "POST", "http.route": "/chat", "url.path": "/chat", "http.response.status_code": int64(400),
		}},
		{"a failed call", "POST", "/chat", chat, func(context.Context, assistant.Request) (assistant.Answer, error) {
			return assistant.Answer{}, &assistant.Error{Kind: assistant.KindTimeout, Err: errors.New("late")}
		}, "POST /chat", map[string]any{
			"http.request.method": "POST", "http.route": "/chat", "url.path": "/chat", "http.response.status_code": int64(504),
			"error.type": "timeout",
		}},
		{"a panic", "POST", "/chat", chat, func(context.Context, assistant.Request) (assistant.Answer, error) {
			panic("canary")
		}, "POST /chat", map[string]any{
			"http.request.method": "POST", "http.route": "/chat", "url.path": "/chat", "http.response.status_code": int64(500),
			"error.type": "internal",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, _, spans := tracedAPI(t, tt.model)
			r := httptest.NewRequest(tt.method, tt.path, strings.NewReader(tt.body))
			r.Header.Set("Traceparent", traceparent)
			a.Handler().ServeHTTP(httptest.NewRecorder(), r)
			ended := spans.Ended()
			if len(ended) != 1 {
				t.Fatalf("%d spans, want one", len(ended))
			}
			span := ended[0]
			tt.want["url.scheme"], tt.want["server.address"], tt.want["network.protocol.version"] = "http", "example.com", "1.1"
			got := map[string]any{}
			for _, attribute := range span.Attributes() {
				got[string(attribute.Key)] = attribute.Value.AsInterface()
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("attributes = %v\nwant         %v", got, tt.want)
			}
			if span.Name() != tt.span || span.SpanKind() != trace.SpanKindServer {
				t.Errorf("span %q of kind %s, want a server's %q", span.Name(), span.SpanKind(), tt.span)
			}
			if _, failed := tt.want["error.type"]; failed != (span.Status().Code.String() == "Error") {
				t.Errorf("status = %v", span.Status())
			}
			if parent := span.Parent(); !parent.IsRemote() || span.SpanContext().TraceID().String() != parentTrace {
				t.Errorf("span of %v, want the trace of the header", parent)
			}
			if strings.Contains(fmt.Sprintf("%+v", tracetest.SpanStubFromReadOnlySpan(span)), "canary") {
				t.Error("the span holds what the client chose")
			}
		})
	}
}

func TestProbesAreNoSpans(t *testing.T) {
	a, _, spans := tracedAPI(t, echo)
	for _, path := range []string{"/health", "/health/ready", "/health/detailed", "/metrics", "/stats"} {
		do(a, http.MethodGet, path, "")
	}
	if got := spans.Started(); len(got) != 0 {
		t.Errorf("%d spans", len(got))
	}
}

// TestLinesHaveTheTrace: those of the request and of whatever happens in it, and none without a tracer.
func TestLinesHaveTheTrace(t *testing.T) {
	for _, on := range []bool{true, false} {
		a, log, _ := tracedAPI(t, echo)
		if !on {
			a, log = newAPI(t, echo)
		}
		r := httptest.NewRequest(http.MethodPost, "/chat", strings.NewReader(`{"message": "x"}`))
		r.Header.Set("Traceparent", traceparent)
		a.Handler().ServeHTTP(httptest.NewRecorder(), r)
		lines := strings.Split(strings.TrimSpace(log.String()), "\n")
		if len(lines) != 2 {
			t.Fatalf("lines = %q", lines)
		}
		for _, line := range lines {
			var fields map[string]any
			if err := json.Unmarshal([]byte(line), &fields); err != nil {
				t.Fatal(err)
			}
			if id, ok := fields["trace_id"]; ok != on || on && id != parentTrace {
				t.Errorf("with a tracer: %t: trace_id = %v in %s", on, id, line)
			}
		}
	}
}

// TestTheModelKnowsTheClient: the name of the key comes with the context of a call.
func TestTheModelKnowsTheClient(t *testing.T) {
	var name string
	a, _ := newAPIWith(t, Config{Keys: clientKeys(t), Models: []assistant.Model{
		generate(func(ctx context.Context, r assistant.Request) (assistant.Answer, error) {
			name = clientkeys.NameOf(ctx)
			return echo(ctx, r)
		}),
	}})
	r := httptest.NewRequest(http.MethodPost, "/chat", strings.NewReader(`{"message": "x"}`))
	r.Header.Set("Authorization", "Bearer "+aliceKey)
	a.Handler().ServeHTTP(httptest.NewRecorder(), r)
	if name != "alice" {
		t.Errorf("client = %q, want alice", name)
	}
}
