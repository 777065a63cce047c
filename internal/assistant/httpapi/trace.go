package httpapi

import (
	"net"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/tracing"
)

// startSpan starts the span of a request, in the trace of its header. Probes have none.
func (a *API) startSpan(rec *responseRecorder, r *http.Request) {
	if a.tracer == nil || isProbe(r.URL.Path) {
		return
	}
	name, attributes := spanMethod(r.Method)
	scheme := "http"
	if r.TLS != nil {
		scheme = "https"
	}
	attributes = append(attributes, semconv.URLScheme(scheme),
		semconv.NetworkProtocolVersion(strings.TrimSuffix(strings.TrimPrefix(r.Proto, "HTTP/"), ".0")))
	attributes = appendHost(attributes, r.Host)
	rec.ctx.Context, _ = a.tracer.Start(tracing.Extract(rec.ctx.Context, r.Header), name, trace.WithTimestamp(rec.started),
		trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attributes...))
}

// endSpan ends the span of a request whose endpoint is known. Its path is the route's template: a path holds what a client
// chose.
func endSpan(r *http.Request, rec *responseRecorder, endpoint string) {
	span := trace.SpanFromContext(r.Context())
	if !span.IsRecording() {
		return
	}
	if endpoint != metric.Other {
		name, _ := spanMethod(r.Method)
		span.SetName(name + " " + endpoint)
		span.SetAttributes(semconv.HTTPRoute(endpoint), semconv.URLPath(endpoint))
	}
	status := rec.finalStatus()
	span.SetAttributes(semconv.HTTPResponseStatusCode(status))
	if status >= http.StatusInternalServerError {
		kind := string(rec.kind)
		if kind == "" {
			kind = strconv.Itoa(status)
		}
		span.SetAttributes(semconv.ErrorTypeKey.String(kind))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}

// spanMethod returns a method as a span's name has it, and its attributes.
func spanMethod(method string) (string, []attribute.KeyValue) {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return method, []attribute.KeyValue{semconv.HTTPRequestMethodKey.String(method)}
	default:
		return "HTTP", []attribute.KeyValue{semconv.HTTPRequestMethodOther, semconv.HTTPRequestMethodOriginal(method)}
	}
}

// appendHost appends the address and the port of a Host header.
func appendHost(attributes []attribute.KeyValue, hostHeader string) []attribute.KeyValue {
	host, port, err := net.SplitHostPort(hostHeader)
	if err != nil {
		host = hostHeader
	}
	if host != "" {
		attributes = append(attributes, semconv.ServerAddress(host))
	}
	if n, err := strconv.Atoi(port); err == nil {
		attributes = append(attributes, semconv.ServerPort(n))
	}
	return attributes
}
