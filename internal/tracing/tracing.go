// Package tracing exports traces by OTLP, configured by the standard OTEL_ environment, and carries their context over
// HTTP. Without that environment it does nothing.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
)

const (
	// serviceName is the service.name unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES has another.
	serviceName = "plimsoll-assistant"
	// scope is the instrumentation scope of the spans.
	scope = "github.com/plimsoll-dev/plimsoll"
	// flushTimeout bounds the export of the last spans: a pod has five seconds left after its drain.
	flushTimeout = 3 * time.Second
)

// Provider exports spans. A nil Provider exports none.
type Provider struct {
	sdk *sdktrace.TracerProvider
}

// Open returns the provider that the process environment configures; nil if it exports no traces. Open does not connect.
//
// The SDK itself reads the sampler, the limits, the batches and the exporter's settings from the process environment, so
// Open takes no other one.
func Open(ctx context.Context, version string, logger *slog.Logger) (*Provider, error) {
	on, err := enabled()
	if err != nil || !on {
		return nil, err
	}
	failures := &failureLog{logger: logger, now: time.Now}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { failures.add(err, 0) }))
	otel.SetLogger(logr.New(settingErrors{failures}))
	exporter, err := newExporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("creating the trace exporter: %w", err)
	}
	origin, err := resource.New(ctx, resource.WithTelemetrySDK(),
		resource.WithAttributes(semconv.ServiceName(serviceName), semconv.ServiceVersion(version)), resource.WithFromEnv())
	if err != nil { // what could be read of it is there
		failures.add(fmt.Errorf("reading the resource attributes: %w", err), 0)
	}
	return &Provider{sdk: sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(&loggingExporter{exporter, failures}), sdktrace.WithResource(origin),
	)}, nil
}

// enabled reports whether the environment asks for traces. By the specification an empty OTEL_TRACES_EXPORTER would do, but
// then every process would look for a collector on its own machine.
func enabled() (bool, error) {
	if disabled, _ := strconv.ParseBool(os.Getenv("OTEL_SDK_DISABLED")); disabled {
		return false, nil
	}
	names := strings.FieldsFunc(os.Getenv("OTEL_TRACES_EXPORTER"), func(r rune) bool { return r == ',' || r == ' ' })
	switch {
	case len(names) == 0:
		return os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT") != "", nil
	case slices.Contains(names, "otlp"):
		return true, nil
	case slices.Contains(names, "none"):
		return false, nil
	default:
		return false, fmt.Errorf("reading OTEL_TRACES_EXPORTER: %q is neither otlp nor none", strings.Join(names, ","))
	}
}

func newExporter(ctx context.Context) (sdktrace.SpanExporter, error) {
	protocol := os.Getenv("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL")
	if protocol == "" {
		protocol = os.Getenv("OTEL_EXPORTER_OTLP_PROTOCOL")
	}
	switch protocol {
	case "", "http/protobuf":
		return otlptracehttp.New(ctx)
	case "grpc":
		return otlptracegrpc.New(ctx)
	default:
		return nil, fmt.Errorf("reading OTEL_EXPORTER_OTLP_PROTOCOL: %q is neither http/protobuf nor grpc", protocol)
	}
}

// Tracer starts the spans; nil if none are exported.
func (p *Provider) Tracer() trace.Tracer {
	if p == nil {
		return nil
	}
	return p.sdk.Tracer(scope, trace.WithSchemaURL(semconv.SchemaURL))
}

// Close exports the last spans, for three seconds at most. What it cannot export is lost, and that is no error.
func (p *Provider) Close() {
	if p == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), flushTimeout)
	defer cancel()
	if err := p.sdk.Shutdown(ctx); err != nil {
		otel.Handle(fmt.Errorf("exporting the last spans: %w", err))
	}
}

// w3c carries traceparent and tracestate, and no baggage: its content is the caller's.
var w3c propagation.TraceContext

// Extract returns ctx with the trace context of a request's header, if there is one.
func Extract(ctx context.Context, h http.Header) context.Context {
	return w3c.Extract(ctx, propagation.HeaderCarrier(h))
}

// Inject writes the trace context of ctx, if there is one, into the header of a request.
func Inject(ctx context.Context, h http.Header) { w3c.Inject(ctx, propagation.HeaderCarrier(h)) }
