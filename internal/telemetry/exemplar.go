package telemetry

import (
	"context"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// Exemplars link a number to the log lines of one request and to its trace. Only OpenMetrics and protobuf carry them.

// exemplar returns the ids of the context's request and of its trace, if that is sampled; nil without either. It leaves out
// an id for which an exemplar has no room: clients choose their ids, and the Prometheus client would panic. The Prometheus
// client copies it, so that one does for all metrics of an event.
func exemplar(ctx context.Context) prometheus.Labels {
	var e prometheus.Labels
	room := prometheus.ExemplarMaxRunes
	if id := logs.RequestID(ctx); id != "" && utf8.ValidString(id) {
		if n := len(logs.RequestIDKey) + utf8.RuneCountInString(id); n <= room {
			e, room = prometheus.Labels{logs.RequestIDKey: id}, room-n
		}
	}
	if span := trace.SpanContextFromContext(ctx); span.IsSampled() && len(logs.TraceIDKey)+traceIDLength <= room {
		if e == nil {
			e = prometheus.Labels{}
		}
		e[logs.TraceIDKey] = span.TraceID().String()
	}
	return e
}

// traceIDLength is the length of a trace id in hexadecimal digits.
const traceIDLength = 2 * len(trace.TraceID{})

// recordValue adds a value to a histogram, with an exemplar if there is one.
func recordValue(e prometheus.Labels, o prometheus.Observer, value float64) {
	if to, ok := o.(prometheus.ExemplarObserver); ok && e != nil {
		to.ObserveWithExemplar(value, e)
		return
	}
	o.Observe(value)
}

// addValue adds to a counter, with an exemplar if there is one. Adding zero leaves no exemplar.
func addValue(e prometheus.Labels, c prometheus.Counter, value float64) {
	if to, ok := c.(prometheus.ExemplarAdder); ok && e != nil && value > 0 {
		to.AddWithExemplar(value, e)
		return
	}
	c.Add(value)
}
