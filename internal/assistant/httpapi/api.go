// Package httpapi serves the assistant over HTTP: conversations in its own form and in OpenAI's, health and metrics.
package httpapi

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/clientkeys"
	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
	"github.com/plimsoll-dev/plimsoll/internal/system"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// Config configures an API. What is not optional is required.
type Config struct {
	// Models answer, by their names; POST /chat uses the first. They are instrumented already.
	Models   []assistant.Model
	Sessions assistant.Store
	Recorder *telemetry.Recorder
	// System returns the last reading of the system's resources. It must not block.
	System func() system.Reading
	Logger *slog.Logger
	// Keys are the clients that may use the models; optional: without it, everyone may.
	Keys *clientkeys.File
	// Rate limits each client; optional.
	Rate Rate
	// Limits of one request; optional: DefaultLimits without it.
	Limits Limits
	// Stats counts what the logger logs, for /stats; Level is the logger's, for /log-level. Both are optional: without
	// one, its path is not served.
	Stats *stats.Window
	Level *slog.LevelVar
	// Tracer starts a span for every request but probes; optional.
	Tracer trace.Tracer
}

// API is the assistant's HTTP interface.
type API struct {
	models   []assistant.Model
	sessions assistant.Store
	recorder *telemetry.Recorder
	system   func() system.Reading
	logger   *slog.Logger
	keys     *clientkeys.File
	limiter  *limiter // nil without a limit
	limits   Limits
	started  time.Time
	draining atomic.Bool

	stats  *stats.Window
	level  *slog.LevelVar
	tracer trace.Tracer // nil without traces
}

// New returns an API that is healthy and ready.
func New(c Config) *API {
	a := &API{
		models: c.Models, sessions: c.Sessions, recorder: c.Recorder, system: c.System, logger: c.Logger,
		keys: c.Keys, limiter: newLimiter(c.Rate), limits: c.Limits,
		stats: c.Stats, level: c.Level, tracer: c.Tracer, started: time.Now(),
	}
	if a.limits == (Limits{}) {
		a.limits = DefaultLimits()
	}
	a.initSeries()
	return a
}

// Uptime returns the time since New.
func (a *API) Uptime() time.Duration { return time.Since(a.started) }

// Handler serves everything on one port, except what only operators may change.
func (a *API) Handler() http.Handler { return a.handler(sharedPort) }

// PublicHandler serves users: everything but metrics and statistics.
func (a *API) PublicHandler() http.Handler { return a.handler(publicPort) }

// TelemetryHandler serves operators: metrics, health, statistics and the log level.
func (a *API) TelemetryHandler() http.Handler { return a.handler(telemetryPort) }
