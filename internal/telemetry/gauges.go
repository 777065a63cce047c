package telemetry

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/system"
)

// sessionsTimeout bounds how long a scrape waits for the session store.
const sessionsTimeout = 2 * time.Second

// gauges collects the values that exist apart from any event, among them the counters that the system keeps. What is
// unknown is absent: a gap in a graph is true, a zero would not be.
type gauges struct {
	sessions func(context.Context) (int, error)
	system   func() system.Reading

	active, cpu, memory, disk     *prometheus.Desc
	read, written, received, sent *prometheus.Desc
}

func newGauges(sessions func(context.Context) (int, error), reading func() system.Reading) *gauges {
	return &gauges{
		sessions: sessions,
		system:   reading,
		active:   gauge(metric.ActiveSessions),
		cpu:      gauge(metric.CPUUsage),
		memory:   gauge(metric.MemoryUsage),
		disk:     gauge(metric.DiskUsage),
		read:     total(metric.DiskRead),
		written:  total(metric.DiskWritten),
		received: total(metric.NetworkReceived),
		sent:     total(metric.NetworkSent),
	}
}

// Describe names the values.
func (g *gauges) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		g.active, g.cpu, g.memory, g.disk, g.read, g.written, g.received, g.sent,
	} {
		out <- d
	}
}

// Collect sends the values of now: nothing is measured here. Only the session store is asked, and not for long.
func (g *gauges) Collect(out chan<- prometheus.Metric) {
	send := func(d *prometheus.Desc, value float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
	count := func(d *prometheus.Desc, bytes uint64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(bytes))
	}
	ctx, cancel := context.WithTimeout(context.Background(), sessionsTimeout)
	defer cancel()
	if n, err := g.sessions(ctx); err == nil {
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
	if r.DiskTraffic != nil {
		count(g.read, r.DiskTraffic.In)
		count(g.written, r.DiskTraffic.Out)
	}
	if r.NetworkTraffic != nil {
		count(g.received, r.NetworkTraffic.In)
		count(g.sent, r.NetworkTraffic.Out)
	}
}
