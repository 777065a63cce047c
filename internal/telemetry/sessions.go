package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// sessionsTimeout bounds how long a scrape waits for the session store.
const sessionsTimeout = 2 * time.Second

// CollectSessions reports the number of active sessions at each scrape. An error is a gap in the gauge; active logs it.
func (r *Recorder) CollectSessions(active func(context.Context) (int, error)) {
	r.registry.MustRegister(&sessionCollector{gauge(metric.ActiveSessions), active})
}

type sessionCollector struct {
	desc   *prometheus.Desc
	active func(context.Context) (int, error)
}

// Describe sends the metric's description.
func (c *sessionCollector) Describe(out chan<- *prometheus.Desc) { out <- c.desc }

// Collect sends the number of active sessions, unless the store does not answer in time.
func (c *sessionCollector) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), sessionsTimeout)
	defer cancel()
	if n, err := c.active(ctx); err == nil {
		out <- prometheus.MustNewConstMetric(c.desc, prometheus.GaugeValue, float64(n))
	}
}

// SessionStoreError counts an operation that the session store did not serve, one of metric.StoreOperations.
func (r *Recorder) SessionStoreError(operation string) {
	r.storeErrors.WithLabelValues(operation).Inc()
}
