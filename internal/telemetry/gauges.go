package telemetry

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/system"
)

// sessionsTimeout bounds how long a scrape waits for the session store.
const sessionsTimeout = 2 * time.Second

// gauges collects the values that exist apart from any event. What is unknown is absent: a gap in a graph is true,
// a zero would not be.
type gauges struct {
	sessions func(context.Context) (int, error)
	system   func() system.Reading

	active, cpu, memory, disk *prometheus.Desc
}

func newGauges(sessions func(context.Context) (int, error), reading func() system.Reading) *gauges {
	return &gauges{
		sessions: sessions,
		system:   reading,
		active:   gauge(metric.ActiveSessions),
		cpu:      gauge(metric.CPUUsage),
		memory:   gauge(metric.MemoryUsage),
		disk:     gauge(metric.DiskUsage),
	}
}

// Describe names the gauges.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{g.active, g.cpu, g.memory, g.disk} {
		out <- d
	}
}

// Collect sends the values of now.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, value float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
	ctx, cancel := context.WithTimeout(context.Background(), sessionsTimeout)
	defer cancel()
	if n, err := g.sessions(ctx); err != nil {
		out <- prometheus.NewInvalidMetric(g.active, fmt.Errorf("counting active sessions: %w", err))
	} else {
		send(g.active, float64(n))
	}
	r := g.system()
	if r.CPUPercent != nil {
		send(g.cpu, *r.CPUPercent)
	}
	if r.Memory != nil {
		send(g.memory, r.Memory.Percent)
	}
	if r.Disk != nil {
		send(g.disk, r.Disk.Percent)
	}
}
