// Package httpapi serves the assistant over HTTP: conversations, health and metrics.
package httpapi

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
	"github.com/plimsoll-dev/plimsoll/internal/system"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// Config is what an API is made of. All of it is required, but for Stats and Level.
type Config struct {
	// Model answers. Its calls are observed elsewhere; only requests are here.
	Model    assistant.Model
	Sessions assistant.Store
	Recorder *telemetry.Recorder
	// System is the last reading of the system's resources. It must not wait.
	System func() system.Reading
	Logger *slog.Logger
	// Stats counts the logger's lines, for /stats; Level is the logger's, for /log-level. Without one, its path is not
	// served.
	Stats *stats.Window
	Level *slog.LevelVar
}

// API is the assistant's HTTP interface.
type API struct {
	model    assistant.Model
	sessions assistant.Store
	recorder *telemetry.Recorder
	system   func() system.Reading
	logger   *slog.Logger
	started  time.Time
	draining atomic.Bool

	statistics *stats.Window
	level      *slog.LevelVar
}

// New returns an API that is healthy and ready.
func New(c Config) *API {
	a := &API{
		model: c.Model, sessions: c.Sessions, recorder: c.Recorder, system: c.System, logger: c.Logger,
		statistics: c.Stats, level: c.Level, started: time.Now(),
	}
	a.recorder.Expect(chatEndpoint())
	return a
}

// Uptime is how long ago the API was made.
func (a *API) Uptime() time.Duration { return time.Since(a.started) }

// Handler serves everything on one port, but for what only operators may change.
func (a *API) Handler() http.Handler {
	return a.handler(a.chatRoutes(), a.healthRoutes(), a.metricsRoutes(), a.statsRoutes())
}

// PublicHandler serves users: everything but metrics and statistics.
func (a *API) PublicHandler() http.Handler { return a.handler(a.chatRoutes(), a.healthRoutes()) }

// TelemetryHandler serves operators: metrics, health, statistics and the level of the log.
func (a *API) TelemetryHandler() http.Handler {
	return a.handler(a.healthRoutes(), a.metricsRoutes(), a.statsRoutes(), a.levelRoutes())
}

const metricsPath = "/metrics"

func (a *API) metricsRoutes() []route {
	return []route{{http.MethodGet, metricsPath, a.recorder.Handler(a.logger).ServeHTTP}}
}
