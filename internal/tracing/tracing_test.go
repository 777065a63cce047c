package tracing

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
)

// setEnv sets the OTEL_ environment to pairs of names and values, and to nothing else.
func setEnv(t *testing.T, pairs ...string) {
	t.Helper()
	for _, variable := range os.Environ() {
		if name, value, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "OTEL_") {
			t.Setenv(name, value) // brings it back
			if err := os.Unsetenv(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for i := 0; i < len(pairs); i += 2 {
		t.Setenv(pairs[i], pairs[i+1])
	}
}

func TestOpenFollowsTheEnvironment(t *testing.T) {
	const endpoint, url = "OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1"
	for name, tt := range map[string]struct {
		env     []string
		on, bad bool
	}{
		"nothing":              {},
		"an endpoint":          {env: []string{endpoint, url}, on: true},
		"an endpoint of ours":  {env: []string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", url}, on: true},
		"of metrics only":      {env: []string{"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", url}},
		"an exporter":          {env: []string{"OTEL_TRACES_EXPORTER", "otlp"}, on: true},
		"no exporter":          {env: []string{"OTEL_TRACES_EXPORTER", "none", endpoint, url}},
		"several exporters":    {env: []string{"OTEL_TRACES_EXPORTER", "console, otlp"}, on: true},
		"an unknown exporter":  {env: []string{"OTEL_TRACES_EXPORTER", "zipkin"}, bad: true},
		"disabled":             {env: []string{"OTEL_SDK_DISABLED", "TRUE", endpoint, url}},
		"not disabled":         {env: []string{"OTEL_SDK_DISABLED", "false", endpoint, url}, on: true},
		"gRPC":                 {env: []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", endpoint, url}, on: true},
		"gRPC for traces":      {env: []string{"OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "grpc", endpoint, url}, on: true},
		"an unknown protocol":  {env: []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "http/json", endpoint, url}, bad: true},
		"an unknown sampler":   {env: []string{"OTEL_TRACES_SAMPLER", "dice", endpoint, url}, on: true},
		"broken attributes":    {env: []string{"OTEL_RESOURCE_ATTRIBUTES", "%%%", endpoint, url}, on: true},
		"an endpoint and a CA": {env: []string{"OTEL_EXPORTER_OTLP_CERTIFICATE", "/absent", endpoint, url}, on: true},
	} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, tt.env...)
			p, err := Open(t.Context(), "v1", slog.New(slog.DiscardHandler))
			if (err != nil) != tt.bad || (p != nil) != tt.on || (p.Tracer() != nil) != tt.on {
				t.Errorf("Open = %v, %v; want traces: %t, an error: %t", p, err, tt.on, tt.bad)
			}
			p.Close()
		})
	}
}

// TestOffIsNothing: without OTEL_ there is no goroutine, no allocation and no header.
func TestOffIsNothing(t *testing.T) {
	setEnv(t)
	before := runtime.NumGoroutine()
	p, err := Open(t.Context(), "v1", slog.New(slog.DiscardHandler))
	if p != nil || err != nil {
		t.Fatalf("Open = %v, %v", p, err)
	}
	if after := runtime.NumGoroutine(); after != before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
	h := http.Header{}
	if n := testing.AllocsPerRun(100, func() { Inject(t.Context(), h) }); n != 0 || len(h) > 0 {
		t.Errorf("Inject allocates %v times and sets %v", n, h)
	}
}

func TestContextComesAndGoes(t *testing.T) {
	const parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	for name, tt := range map[string]struct {
		in   http.Header
		want string
	}{
		"valid":            {http.Header{"Traceparent": {parent}, "Tracestate": {"a=b"}, "Baggage": {"secret=1"}}, parent},
		"unsampled":        {http.Header{"Traceparent": {strings.TrimSuffix(parent, "1") + "0"}}, strings.TrimSuffix(parent, "1") + "0"},
		"invalid":          {http.Header{"Traceparent": {"00-zz"}, "Tracestate": {"a=b"}}, ""},
		"absent":           {http.Header{"Tracestate": {"a=b"}}, ""},
		"an id of zeros":   {http.Header{"Traceparent": {"00-00000000000000000000000000000000-b7ad6b7169203331-01"}}, ""},
		"a future version": {http.Header{"Traceparent": {"cc" + parent[2:] + "-what"}}, parent},
	} {
		t.Run(name, func(t *testing.T) {
			out := http.Header{}
			Inject(Extract(t.Context(), tt.in), out)
			if got := out.Get("Traceparent"); got != tt.want {
				t.Errorf("traceparent = %q, want %q", got, tt.want)
			}
			if state := out.Get("Tracestate"); tt.want == parent && name == "valid" && state != "a=b" || tt.want == "" && state != "" {
				t.Errorf("tracestate = %q", state)
			}
			if out.Get("Baggage") != "" {
				t.Error("baggage is passed on")
			}
		})
	}
}

type failing struct{ *tracetest.NoopExporter }

func (failing) ExportSpans(context.Context, []sdktrace.ReadOnlySpan) error { return errors.New("away") }

// TestAnUnreachableCollector: spans end at once, Close returns in time, and one line says so.
func TestAnUnreachableCollector(t *testing.T) {
	hanging, err := net.Listen("tcp", "127.0.0.1:0") // accepts, and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer hanging.Close()
	for name, address := range map[string]string{"refused": "127.0.0.1:1", "hanging": hanging.Addr().String()} {
		t.Run(name, func(t *testing.T) {
			setEnv(t, "OTEL_EXPORTER_OTLP_ENDPOINT", "http://"+address)
			var out bytes.Buffer
			p, err := Open(t.Context(), "v1", slog.New(slog.NewTextHandler(&out, nil)))
			if err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			for range 10_000 { // more than the queue holds
				_, span := p.Tracer().Start(t.Context(), "x", trace.WithSpanKind(trace.SpanKindServer))
				span.End()
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("the spans took %s", took)
			}
			start = time.Now()
			p.Close()
			if took := time.Since(start); took > flushTimeout+time.Second {
				t.Errorf("Close took %s", took)
			}
			if got := strings.Count(out.String(), "Exporting traces failed"); got != 1 {
				t.Errorf("%d lines, want one: %s", got, out.String())
			}
		})
	}
}

// TestNoSettingIsQuoted: an invalid variable is reported by what it is for.
func TestNoSettingIsQuoted(t *testing.T) {
	for variable, value := range map[string]string{
		"OTEL_EXPORTER_OTLP_HEADERS":  "canary",
		"OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:canary@127.0.0.1:x",
	} {
		var out bytes.Buffer
		setEnv(t, "OTEL_TRACES_EXPORTER", "otlp", variable, value)
		p, err := Open(t.Context(), "v1", slog.New(slog.NewTextHandler(&out, nil)))
		p.Close()
		if text := out.String(); err != nil || !strings.Contains(text, "OTEL_ environment") || strings.Contains(text, "canary") {
			t.Errorf("%s: %v, log %s", variable, err, text)
		}
	}
}

func TestFailuresAreLoggedOnceInAWhile(t *testing.T) {
	var out bytes.Buffer
	now := time.Unix(1000, 0)
	e := &loggingExporter{failing{}, &failureLog{logger: slog.New(slog.NewTextHandler(&out, nil)), now: func() time.Time { return now }}}
	for range 61 { // ten minutes
		if err := e.ExportSpans(t.Context(), make([]sdktrace.ReadOnlySpan, 2)); err != nil {
			t.Fatal(err)
		}
		now = now.Add(10 * time.Second)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], "spans_lost=2") || !strings.Contains(lines[1], "spans_lost=60") {
		t.Errorf("lines = %q, want one every five minutes", lines)
	}
}
