package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Histograms have native buckets too: each at most a tenth wider than the one before it, at most maxNative a series. A
// series with more is reset, at most once an hour.
const (
	nativeFactor   = 1.1
	maxNative      = 160
	minNativeReset = time.Hour
)

func counter(m metric.Metric) *prometheus.CounterVec {
	requireType(m, metric.Counter)
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

func histogram(m metric.Metric) *prometheus.HistogramVec {
	requireType(m, metric.Histogram)
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: m.Name, Help: m.Help, Buckets: m.Buckets,
		NativeHistogramBucketFactor:     nativeFactor,
		NativeHistogramMaxBucketNumber:  maxNative,
		NativeHistogramMinResetDuration: minNativeReset,
	}, m.Labels)
}

// counterFunc returns a counter whose value is read at every scrape; nil counts nothing.
func counterFunc(m metric.Metric, read func() int64) prometheus.CounterFunc {
	requireType(m, metric.Counter)
	return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: m.Name, Help: m.Help}, func() float64 {
		if read == nil {
			return 0
		}
		return float64(read())
	})
}

func gaugeVec(m metric.Metric) *prometheus.GaugeVec {
	requireType(m, metric.Gauge)
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: m.Name, Help: m.Help}, m.Labels)
}

// gauge describes a gauge that is read at every scrape.
func gauge(m metric.Metric) *prometheus.Desc { return description(m, metric.Gauge) }

// description describes a metric that is read at every scrape.
func description(m metric.Metric, t metric.Type) *prometheus.Desc {
	requireType(m, t)
	return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
}

// requireType panics if the contract and the code that emits the metric disagree: the first test finds that.
func requireType(m metric.Metric, t metric.Type) {
	if m.Type != t {
		panic("telemetry: " + m.Name + " is a " + string(m.Type) + ", not a " + string(t))
	}
}
