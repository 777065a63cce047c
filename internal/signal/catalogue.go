// Package signal is the catalogue of what can be watched: each signal's name, PromQL, unit and labels, as data. It is
// pure: no I/O, no Kubernetes.
package signal

import (
	"math"
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Names of the signals.
const (
	HTTPLatency   = "HTTPLatency"
	HTTPErrorRate = "HTTPErrorRate"
	CPU           = "CPU"
	Memory        = "Memory"
)

// defaultWindow is the source document's rate window.
const defaultWindow = "5m"

// Signal describes one signal.
type Signal struct {
	Name string
	// Title is what the value is called in an alert's text; it begins a sentence.
	Title string
	// Metric is what the signal queries.
	Metric metric.Metric
	Unit   Unit
	// Window is the default time over which rates are taken; empty when the signal takes none.
	Window string
	// Quantile is the default quantile; empty when the signal takes none.
	Quantile string
	// Max is the greatest value that the signal can take, +Inf when it has no bound: nothing is ever above it.
	Max float64
	// Advice is what the source document recommends when the line is crossed.
	Advice string

	expr func(Query) string
}

var catalogue = []Signal{
	{
		Name: HTTPLatency, Title: "Response time", Metric: metric.HTTPRequestDuration, Unit: Seconds,
		Window: defaultWindow, Quantile: "0.95",
		Max:    slices.Max(metric.HTTPRequestDuration.Buckets),
		Advice: "Consider caching, faster database queries, asynchronous processing or a CDN.",
		expr:   histogramQuantile(metric.HTTPRequestDuration),
	},
	{
		Name: HTTPErrorRate, Title: "Error rate", Metric: metric.Errors, Unit: PerSecond,
		Window: defaultWindow,
		Max:    math.Inf(1),
		Advice: "Consider stricter input validation, better error handling, retries, and a look at third-party services.",
		expr:   sumOfRates(metric.Errors),
	},
	{
		Name: CPU, Title: "CPU usage", Metric: metric.CPUUsage, Unit: Percent,
		Max:    100,
		Advice: "Consider more replicas, a higher CPU limit, faster code or caching.",
		expr:   gauge(metric.CPUUsage),
	},
	{
		Name: Memory, Title: "Memory usage", Metric: metric.MemoryUsage, Unit: Percent,
		Max:    100,
		Advice: "Consider more replicas, a higher memory limit, leaner code or smaller caches.",
		expr:   gauge(metric.MemoryUsage),
	},
}

// targetLabels are the labels that the Prometheus Operator gives every series of a scraped pod, besides namespace.
var targetLabels = []string{"service", "job", "pod", "instance", "container"}

// All returns every signal, in the catalogue's order.
func All() []Signal { return slices.Clone(catalogue) }

// Names returns the name of every signal, in the catalogue's order.
func Names() []string {
	names := make([]string, len(catalogue))
	for i, s := range catalogue {
		names[i] = s.Name
	}
	return names
}

// Lookup returns the signal of that name.
func Lookup(name string) (Signal, bool) {
	i := slices.IndexFunc(catalogue, func(s Signal) bool { return s.Name == name })
	if i < 0 {
		return Signal{}, false
	}
	return catalogue[i], true
}

// Labels returns the labels by which the signal can be told apart: its metric's own and those of the scraped target.
func (s Signal) Labels() []string { return slices.Concat(s.Metric.Labels, targetLabels) }

// SeriesLabels returns the labels that tell one series of the signal from another: those it is grouped by, else a
// gauge's pod.
func (s Signal) SeriesLabels(by []string) []string {
	if len(by) == 0 && s.Metric.Type == metric.Gauge {
		return []string{"pod"}
	}
	return by
}
