package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Native histograms stand beside the classic buckets: each bucket is at most a tenth wider than the one before, and a
// series has at most maxNative of them, else it starts anew, though not more often than once an hour.
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

// counterOf is a counter whose value is counted elsewhere and read at every scrape; nil counts nothing.
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

// gauge describes a gauge whose value is read at every scrape.
func gauge(m metric.Metric) *prometheus.Desc { return description(m, metric.Gauge) }

// description is of a metric whose value is read at every scrape.
func description(m metric.Metric, t metric.Type) *prometheus.Desc {
	requireType(m, t)
	return prometheus.NewDesc(m.Name, m.Help, m.Labels, nil)
}

// mustBe panics if the contract and the code that emits it disagree: that is found by the first test that starts it.
func requireType(m metric.Metric, t metric.Type) {
	if m.Type != t {
		panic("telemetry: " + m.Name + " is a " + string(m.Type) + ", not a " + string(t))
	}
}
