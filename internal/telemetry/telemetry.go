// Package telemetry emits the metrics that package metric describes, and records requests, errors and model calls.
package telemetry

import (
	"log/slog"
	"net/http"
	"slices"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/trace"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/price"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/system"
)

// Config configures a Recorder. Models and System are required.
type Config struct {
	// Models are the configured models, the only values of the model label besides metric.Other.
	Models []string
	// Prices are those of the models. A model without one has no cost, and its calls count as unpriced.
	Prices price.Table
	// System returns the last reading of the system's resources, at every scrape. It must not block.
	System func() system.Reading
	// LogWriteErrors returns the number of log lines that the log file could not take; nil for none.
	LogWriteErrors func() int64
	// GenAI says under which names of OpenTelemetry model calls are counted, too; none by default.
	GenAI GenAINames
	// Tracer starts a span for every model call; nil for none.
	Tracer trace.Tracer
}

// Recorder records what the assistant does, in its own registry. It is safe for concurrent use.
type Recorder struct {
	registry *prometheus.Registry
	models   []string
	prices   price.Table
	tracer   trace.Tracer

	requests        *prometheus.CounterVec
	requestDuration *prometheus.HistogramVec
	errors          *prometheus.CounterVec
	model           *modelMetrics
	genAI           *genAIMetrics  // nil without
	clients         *clientMetrics // nil without client keys
	storeErrors     *prometheus.CounterVec
}

// New returns a recorder. Series known in advance start at zero: otherwise the rate of the first error would be lost.
func New(c Config) *Recorder {
	r := &Recorder{
		registry:        prometheus.NewRegistry(),
		models:          slices.Clone(c.Models),
		prices:          c.Prices,
		tracer:          c.Tracer,
		requests:        counter(metric.HTTPRequests),
		requestDuration: histogram(metric.HTTPRequestDuration),
		errors:          counter(metric.Errors),
		model:           newModelMetrics(c.Models, c.Prices),
		storeErrors:     counter(metric.SessionStoreErrors),
	}
	r.registry.MustRegister(
		r.requests, r.requestDuration, r.errors, r.storeErrors,
		newSystemCollector(c.System),
		counterFunc(metric.LogWriteErrors, c.LogWriteErrors),
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		collectors.NewBuildInfoCollector(),
	)
	r.registry.MustRegister(r.model.collectors()...)
	r.genAI = newGenAIMetrics(c.GenAI, r.registry)
	for _, kind := range assistant.ModelKinds() {
		r.errors.WithLabelValues(string(kind), metric.EndpointModel)
	}
	for _, operation := range metric.StoreOperations() {
		r.storeErrors.WithLabelValues(operation)
	}
	return r
}

// Handler serves the metrics as Prometheus text, OpenMetrics or protobuf. It leaves out and logs a metric that cannot be
// collected.
func (r *Recorder) Handler(logger *slog.Logger) http.Handler {
	return promhttp.HandlerFor(r.registry, promhttp.HandlerOpts{
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelError),
		ErrorHandling:     promhttp.ContinueOnError,
		EnableOpenMetrics: true,
	})
}
