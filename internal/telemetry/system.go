package telemetry

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/system"
)

// systemCollector reports the system's last reading at each scrape. What is unknown is absent: a gap in a graph is true,
// a zero would not be.
type systemCollector struct {
	read func() system.Reading

	cpu, memory, disk                            *prometheus.Desc
	diskRead, diskWritten, networkIn, networkOut *prometheus.Desc
}

func newSystemCollector(read func() system.Reading) *systemCollector {
	return &systemCollector{
		read:        read,
		cpu:         gauge(metric.CPUUsage),
		memory:      gauge(metric.MemoryUsage),
		disk:        gauge(metric.DiskUsage),
		diskRead:    description(metric.DiskRead, metric.Counter),
		diskWritten: description(metric.DiskWritten, metric.Counter),
		networkIn:   description(metric.NetworkReceived, metric.Counter),
		networkOut:  description(metric.NetworkSent, metric.Counter),
	}
}

// Describe sends the metrics' descriptions.
func (c *systemCollector) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		c.cpu, c.memory, c.disk, c.diskRead, c.diskWritten, c.networkIn, c.networkOut,
	} {
		out <- d
	}
}

// Collect sends the last reading. It measures nothing.
func (c *systemCollector) Collect(out chan<- prometheus.Metric) {
	percent := func(d *prometheus.Desc, value float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value)
	}
	count := func(d *prometheus.Desc, bytes uint64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(bytes))
	}
	r := c.read()
	if r.CPUPercent != nil {
		percent(c.cpu, *r.CPUPercent)
	}
	if r.Memory != nil {
		percent(c.memory, r.Memory.Percent)
	}
	if r.Disk != nil {
		percent(c.disk, r.Disk.Percent)
	}
	if r.DiskTraffic != nil {
		count(c.diskRead, r.DiskTraffic.In)
		count(c.diskWritten, r.DiskTraffic.Out)
	}
	if r.NetworkTraffic != nil {
		count(c.networkIn, r.NetworkTraffic.In)
		count(c.networkOut, r.NetworkTraffic.Out)
	}
}
