package telemetry

import (
	"context"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// Exemplars lead from a number to the log lines of one request that made it. Only OpenMetrics and protobuf carry them.

// exemplar names the context's request; nil outside a request, or for an id that is longer than an exemplar may be:
// the Prometheus client would panic on that, and clients choose their ids.
func exemplar(ctx context.Context) prometheus.Labels {
	id := logs.RequestID(ctx)
	if id == "" || !utf8.ValidString(id) || utf8.RuneCountInString(logs.RequestIDKey+id) > prometheus.ExemplarMaxRunes {
		return nil
	}
	return prometheus.Labels{logs.RequestIDKey: id}
}

// observe puts a value into a histogram.
func observe(ctx context.Context, o prometheus.Observer, value float64) {
	if e, ok := o.(prometheus.ExemplarObserver); ok {
		if labels := exemplar(ctx); labels != nil {
			e.ObserveWithExemplar(value, labels)
			return
		}
	}
	o.Observe(value)
}

// add raises a counter. Nothing added is no event: it leaves no exemplar.
func add(ctx context.Context, c prometheus.Counter, value float64) {
	if e, ok := c.(prometheus.ExemplarAdder); ok && value > 0 {
		if labels := exemplar(ctx); labels != nil {
			e.AddWithExemplar(value, labels)
			return
		}
	}
	c.Add(value)
}
