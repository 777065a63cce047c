package telemetry

import (
	"context"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// Exemplars link a number to the log lines of one request. Only OpenMetrics and protobuf carry them.

// exemplar returns the id of the context's request; nil outside a request, or if the id is longer than an exemplar may be:
// clients choose their ids, and the Prometheus client would panic. The Prometheus client copies it, so that one does for
// all metrics of an event.
func exemplar(ctx context.Context) prometheus.Labels {
	id := logs.RequestID(ctx)
	if id == "" || !utf8.ValidString(id) || utf8.RuneCountInString(logs.RequestIDKey+id) > prometheus.ExemplarMaxRunes {
		return nil
	}
	return prometheus.Labels{logs.RequestIDKey: id}
}

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
