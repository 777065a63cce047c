// Package httpapi serves the assistant over HTTP: conversations in its own form and in OpenAI's, health and metrics.
package httpapi

import (
	"log/slog"
	"math/rand/v2"
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
	// KeepAlive is how long a stream may be silent before a comment shows that it lives; 0 for ever.
	KeepAlive time.Duration
	// CORSOrigins are the sites whose pages may call the API from a browser, such as https://example.com, or * for all.
	CORSOrigins []string
	// Embedders make vectors, by their names; optional. They are instrumented already.
	Embedders []assistant.Embedder
	// Stats counts what the logger logs, for /stats; Level is the logger's, for /log-level. Both are optional: without
	// one, its path is not served.
	Stats *stats.Window
	Level *slog.LevelVar
	// AbsentModels returns the models that the vendor certainly does not have; optional. It must not block.
	AbsentModels func() []string
	// Tracer starts a span for every request but probes; optional.
	Tracer trace.Tracer
}

// DefaultKeepAlive is shorter than the usual timeouts of proxies.
const DefaultKeepAlive = 15 * time.Second

// API is the assistant's HTTP interface.
type API struct {
	models    []assistant.Model
	embedders []assistant.Embedder
	sessions  assistant.Store
	recorder  *telemetry.Recorder
	system    func() system.Reading
	logger    *slog.Logger
	keys      *clientkeys.File
	limiter   *limiter // nil without a limit
	limits    Limits
	alive     time.Duration
	origins   []string
	random    func() float64 // spreads what clients wait
	absent    func() []string
	started   time.Time
	draining  atomic.Bool

	stats  *stats.Window
	level  *slog.LevelVar
	tracer trace.Tracer // nil without traces
}

// New returns an API that is healthy and ready.
func New(c Config) *API {
	a := &API{
		models: c.Models, embedders: c.Embedders, sessions: c.Sessions, recorder: c.Recorder, system: c.System, logger: c.Logger,
		keys: c.Keys, limiter: newLimiter(c.Rate), limits: c.Limits, random: rand.Float64,
		alive: c.KeepAlive, origins: c.CORSOrigins, absent: c.AbsentModels,
		stats: c.Stats, level: c.Level, tracer: c.Tracer, started: time.Now(),
	}
	if a.limits == (Limits{}) {
		a.limits = DefaultLimits()
	}
	if a.absent == nil {
		a.absent = func() []string { return nil }
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
