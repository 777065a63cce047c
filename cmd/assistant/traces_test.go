package main

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// receiver is a collector: it keeps the spans that it is sent by OTLP, over HTTP or gRPC.
type receiver struct {
	collector.UnimplementedTraceServiceServer
	mu       sync.Mutex
	received []*tracepb.ResourceSpans
}

// Export receives by gRPC.
func (c *receiver) Export(_ context.Context, r *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received = append(c.received, r.ResourceSpans...)
	return &collector.ExportTraceServiceResponse{}, nil
}

// ServeHTTP receives by HTTP.
func (c *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	data, err := io.ReadAll(body)
	var request collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(data, &request)
	}
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, fmt.Sprintf("%s: %v", r.URL, err), http.StatusBadRequest)
		return
	}
	answer, _ := c.Export(r.Context(), &request)
	data, _ = proto.Marshal(answer)
	w.Header().Set("Content-Type", "application/x-protobuf")
	_, _ = w.Write(data)
}

// spans returns the spans by name, and the attributes of their resource.
func (c *receiver) spans() (spans map[string]*tracepb.Span, resource map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	spans, resource = map[string]*tracepb.Span{}, map[string]string{}
	for _, rs := range c.received {
		for _, a := range rs.GetResource().GetAttributes() {
			resource[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, ss := range rs.GetScopeSpans() {
			for _, s := range ss.GetSpans() {
				spans[s.GetName()] = s
			}
		}
	}
	return spans, resource
}

// serveHTTP and serveGRPC serve the receiver and return its URL.
func (c *receiver) serveHTTP(t *testing.T) string {
	srv := httptest.NewServer(c)
	t.Cleanup(srv.Close)
	return srv.URL
}

func (c *receiver) serveGRPC(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	collector.RegisterTraceServiceServer(s, c)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(s.Stop)
	return "http://" + l.Addr().String()
}

// upstreamServer is a Gemini that keeps the header of its last call.
func upstreamServer(t *testing.T) (url string, header func() http.Header) {
	t.Helper()
	fake, err := server.New(server.Config{Behaviour: server.DefaultBehaviour(), APIKey: canaryKey, Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var last http.Header
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet { // the model is looked up at the start
			fake.ServeHTTP(w, r)
			return
		}
		mu.Lock()
		last = r.Header.Clone()
		mu.Unlock()
		fake.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	return srv.URL, func() http.Header {
		mu.Lock()
		defer mu.Unlock()
		return last
	}
}

const parentTrace = "0af7651916cd43dd8448eb211c80319c"

// chatInTrace sends a chat as part of a trace.
func (p *program) chatInTrace(t *testing.T) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+"/chat", strings.NewReader(`{"message": "`+canaryPrompt+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Traceparent", "00-"+parentTrace+"-b7ad6b7169203331-01")
	r.Header.Set("Tracestate", "vendor=1")
	r.Header.Set("Baggage", "user=someone")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("status %d", resp.StatusCode)
	}
}

// TestATraceFromTheCallerToGemini follows one trace: the caller's header, two spans at the collector, the header that
// Gemini gets, and the ids in the log. Ending the program flushes the spans.
func TestATraceFromTheCallerToGemini(t *testing.T) {
	for protocol, serve := range map[string]func(*receiver, *testing.T) string{
		"http/protobuf": (*receiver).serveHTTP, "grpc": (*receiver).serveGRPC,
	} {
		t.Run(protocol, func(t *testing.T) {
			to := &receiver{}
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", serve(to, t))
			t.Setenv("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)
			t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "k8s.namespace.name=ai")
			url, header := upstreamServer(t)
			p := start(t, "--gemini-endpoint="+url)
			p.chatInTrace(t)
			p.scrape(t) // no span
			if err := p.stop(); err != nil {
				t.Fatal(err)
			}
			spans, resource := to.spans()
			request, call := spans["POST /chat"], spans["generate_content "+defaultModel]
			if len(spans) != 2 || request == nil || call == nil {
				t.Fatalf("spans = %v", spans)
			}
			if resource["service.name"] != "plimsoll-assistant" || resource["k8s.namespace.name"] != "ai" || resource["service.version"] != version {
				t.Errorf("resource = %v", resource)
			}
			if got := fmt.Sprintf("%x %x", request.GetTraceId(), request.GetParentSpanId()); got != parentTrace+" b7ad6b7169203331" {
				t.Errorf("the request is in %s", got)
			}
			if string(call.GetParentSpanId()) != string(request.GetSpanId()) || call.GetKind() != tracepb.Span_SPAN_KIND_CLIENT {
				t.Errorf("the call %v is not the request's", call)
			}
			sent := header()
			if want := fmt.Sprintf("00-%s-%x-01", parentTrace, call.GetSpanId()); sent.Get("Traceparent") != want || sent.Get("Tracestate") != "vendor=1" {
				t.Errorf("Gemini got %v, want traceparent %s", sent, want)
			}
			if sent.Get("Baggage") != "" {
				t.Error("Gemini got the caller's baggage")
			}
			if all := fmt.Sprint(to.received); strings.Contains(all, canaryPrompt) || strings.Contains(all, canaryKey) {
				t.Error("a span holds a prompt or a key")
			}
			p.wantIDs(t, map[string]string{
				"Request completed":        fmt.Sprintf("%s %x", parentTrace, request.GetSpanId()),
				"AI model call successful": fmt.Sprintf("%s %x", parentTrace, call.GetSpanId()),
			})
		})
	}
}

// wantIDs checks the ids of the last line with each message.
func (p *program) wantIDs(t *testing.T, want map[string]string) {
	t.Helper()
	got := map[string]string{}
	for _, text := range p.log.lines() {
		var line struct {
			Message, Endpoint string
			TraceID           string `json:"trace_id"`
			SpanID            string `json:"span_id"`
		}
		if json.Unmarshal([]byte(text), &line) == nil && line.Endpoint != "/metrics" {
			got[line.Message] = line.TraceID + " " + line.SpanID
		}
	}
	for message, ids := range want {
		if got[message] != ids {
			t.Errorf("%s has the ids %q, want %q", message, got[message], ids)
		}
	}
}

// TestNoTracesByDefault: without the environment nothing is sent, passed on or logged.
func TestNoTracesByDefault(t *testing.T) {
	for name, env := range map[string][2]string{
		"unset": {}, "disabled": {"OTEL_SDK_DISABLED", "true"}, "none": {"OTEL_TRACES_EXPORTER", "none"},
	} {
		t.Run(name, func(t *testing.T) {
			to := &receiver{}
			if env[0] != "" {
				t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", to.serveHTTP(t))
				t.Setenv(env[0], env[1])
			}
			url, header := upstreamServer(t)
			p := start(t, "--gemini-endpoint="+url)
			p.chatInTrace(t)
			if err := p.stop(); err != nil {
				t.Fatal(err)
			}
			if spans, _ := to.spans(); len(spans) != 0 {
				t.Errorf("spans = %v", spans)
			}
			if got := header().Get("Traceparent"); got != "" {
				t.Errorf("Gemini got %s", got)
			}
			p.wantIDs(t, map[string]string{"Request completed": " ", "AI model call successful": " "})
		})
	}
}

// TestTracesNeverStopTheService: neither a collector that is away nor an environment for other programs.
func TestTracesNeverStopTheService(t *testing.T) {
	for name, tt := range map[string]struct{ variable, value, line string }{
		"away":      {"OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "Exporting traces failed"},
		"elsewhere": {"OTEL_TRACES_EXPORTER", "zipkin", "Traces are not exported"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(tt.variable, tt.value)
			p := start(t)
			for range 20 {
				if status, _ := p.chat(t, "x"); status != http.StatusOK {
					t.Fatalf("status %d", status)
				}
			}
			stopping := time.Now()
			if err := p.stop(); err != nil {
				t.Error(err)
			}
			if took := time.Since(stopping); took > 5*time.Second {
				t.Errorf("stopping took %s", took)
			}
			if got := strings.Count(strings.Join(p.log.lines(), "\n"), `"message":"`+tt.line+`"`); got != 1 {
				t.Errorf("%q is logged %d times", tt.line, got)
			}
		})
	}
}

// TestClientsAndGenAIMetrics: the flag and the key file lead to their metrics.
func TestClientsAndGenAIMetrics(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("canary:"+clientKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--genai-metrics=both", "--client-keys-file="+keys)
	if status, answer := p.send(t, http.MethodPost, "/chat", clientKey, `{"message": "x"}`); status != http.StatusOK {
		t.Fatalf("status %d: %s", status, answer)
	}
	families := p.scrape(t)
	if got := value(t, families, metric.ClientCalls, "client", "canary", "model", defaultModel, "status", "success"); got != 1 {
		t.Errorf("calls of the client = %v", got)
	}
	for _, m := range append(metric.GenAIOld(), metric.GenAINew()...) {
		if families[m.Name] == nil {
			t.Errorf("%s is not there", m.Name)
		}
	}
	for _, f := range start(t).scrape(t) {
		if name := f.GetName(); strings.HasPrefix(name, "gen_ai_") || strings.HasPrefix(name, "client_") {
			t.Errorf("%s is there by default", name)
		}
	}
}
