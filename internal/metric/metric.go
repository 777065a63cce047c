// Package metric is the metric contract of Plimsoll as data: what the assistant emits, signals query and dashboards show.
// It does no I/O. A metric that is not here cannot be emitted, queried, or shown.
package metric

import "slices"

// Type is the Prometheus type of a metric.
type Type string

// The types that the contract uses.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Unit is the base unit of a metric's value, as in Prometheus' naming; empty for a number of things.
type Unit string

const (
	// Seconds is a duration in seconds.
	Seconds Unit = "seconds"
	// Percent is a percentage from 0 to 100.
	Percent Unit = "percent"
	// USD is an amount of money in US dollars.
	USD Unit = "usd"
	// Bytes is an amount of data in bytes.
	Bytes Unit = "bytes"
)

// Metric describes one metric family.
type Metric struct {
	Name   string
	Type   Type
	Unit   Unit
	Labels []string
	// Buckets are the upper bounds of a histogram's classic buckets, ascending, in Unit; +Inf is implied.
	Buckets []float64
	Help    string
}

// Bucket is the name of the histogram's bucket series.
func (m Metric) Bucket() string { return m.Name + "_bucket" }

// Sum is the name of the histogram's sum series.
func (m Metric) Sum() string { return m.Name + "_sum" }

// Count is the name of the histogram's count series.
func (m Metric) Count() string { return m.Name + "_count" }

// Values of the labels that have a closed set.
const (
	StatusSuccess = "success"
	StatusError   = "error"

	TokenPrompt     = "prompt"
	TokenCompletion = "completion"

	// EndpointModel is the errors_total endpoint of a failed model call.
	EndpointModel = "ai_model"
	// Other is any endpoint or model that is not configured, so that clients cannot add series.
	Other = "other"
)

// The source document's ten metrics. Their buckets are supersets of its buckets, finer where answers of language models
// usually fall.
var (
	HTTPRequests = Metric{
		Name: "http_requests_total", Type: Counter, Labels: []string{"method", "endpoint", "status"},
		Help: "Total HTTP requests.",
	}
	HTTPRequestDuration = Metric{
		Name: "http_request_duration_seconds", Type: Histogram, Unit: Seconds, Labels: []string{"method", "endpoint"},
		Buckets: []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 7.5, 10, 30, 60},
		Help:    "HTTP request latency in seconds.",
	}
	ModelCalls = Metric{
		Name: "ai_model_calls_total", Type: Counter, Labels: []string{"model", "status"},
		Help: "Total AI model API calls; status is success or error.",
	}
	ModelDuration = Metric{
		Name: "ai_model_duration_seconds", Type: Histogram, Unit: Seconds, Labels: []string{"model"},
		Buckets: []float64{0.1, 0.25, 0.5, 1, 1.5, 2, 3, 5, 7.5, 10, 20, 30, 60, 120},
		Help:    "AI model response time in seconds.",
	}
	TokensUsed = Metric{
		Name: "ai_tokens_used_total", Type: Counter, Labels: []string{"model", "type"},
		Help: "Total tokens consumed; type is prompt or completion.",
	}
	Errors = Metric{
		Name: "errors_total", Type: Counter, Labels: []string{"error_type", "endpoint"},
		Help: "Total errors; endpoint is a route template, or ai_model for a failed model call.",
	}
	ActiveSessions = Metric{
		Name: "active_sessions", Type: Gauge,
		Help: "Number of active user sessions; of all replicas together where they share a store.",
	}
	CPUUsage = Metric{
		Name: "system_cpu_usage_percent", Type: Gauge, Unit: Percent,
		Help: "CPU in use, as a percentage of what the process may use: its cgroup's limit, else the machine.",
	}
	MemoryUsage = Metric{
		Name: "system_memory_usage_percent", Type: Gauge, Unit: Percent,
		Help: "Memory in use, as a percentage of what the process may use: its cgroup's limit, else the machine.",
	}
	DiskUsage = Metric{
		Name: "system_disk_usage_percent", Type: Gauge, Unit: Percent,
		Help: "Disk space in use on the file system that holds the working directory, as a percentage.",
	}
)

// LogWriteErrors counts the failures of the log file.
var LogWriteErrors = Metric{
	Name: "log_write_errors_total", Type: Counter,
	Help: "Log lines that the log file could not take; they are on stdout only.",
}

// SourceDocument returns those ten metrics, in the order of its tables.
func SourceDocument() []Metric {
	return []Metric{
		HTTPRequests, HTTPRequestDuration, ModelCalls, ModelDuration, TokensUsed,
		Errors, ActiveSessions, CPUUsage, MemoryUsage, DiskUsage,
	}
}

// All returns every metric of the contract.
func All() []Metric {
	return append(slices.Concat(SourceDocument(), Model(), resources), LogWriteErrors)
}
