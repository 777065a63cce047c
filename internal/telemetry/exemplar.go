package telemetry

import (
	"context"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// Exemplars lead from a number to the log lines of one request that made it. Only OpenMetrics and protobuf carry them.

// exemplar names the context's request; nil outside a request, or for an id that is longer than an exemplar may be:
// the Prometheus client would panic on that, and clients choose their ids. It is made once for all that an event records,
// since the Prometheus client copies it.
func exemplar(ctx context.Context) prometheus.Labels {
	id := logs.RequestID(ctx)
	if id == "" || !utf8.ValidString(id) || utf8.RuneCountInString(logs.RequestIDKey+id) > prometheus.ExemplarMaxRunes {
		return nil
	}
	return prometheus.Labels{logs.RequestIDKey: id}
}

// observe puts a value into a histogram, with an exemplar if there is one.
func recordValue(e prometheus.Labels, o prometheus.Observer, value float64) {
	if to, ok := o.(prometheus.ExemplarObserver); ok && e != nil {
		to.ObserveWithExemplar(value, e)
		return
	}
	o.Observe(value)
}

// add raises a counter, with an exemplar if there is one. Nothing added is no event: it leaves no exemplar.
func addValue(e prometheus.Labels, c prometheus.Counter, value float64) {
	if to, ok := c.(prometheus.ExemplarAdder); ok && e != nil && value > 0 {
		to.AddWithExemplar(value, e)
		return
	}
	c.Add(value)
}
