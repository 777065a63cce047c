// Package httpapi serves the assistant over HTTP: conversations, health and metrics.
package httpapi

import (
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/system"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// Config is what an API is made of. All of it is required.
type Config struct {
	// Model answers. Its calls are observed elsewhere; only requests are here.
	Model    assistant.Model
	Sessions assistant.Store
	Recorder *telemetry.Recorder
	// System is the last reading of the system's resources. It must not wait.
	System func() system.Reading
	Logger *slog.Logger
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
}

// New returns an API that is healthy and ready.
func New(c Config) *API {
	a := &API{
		model: c.Model, sessions: c.Sessions, recorder: c.Recorder, system: c.System, logger: c.Logger,
		started: time.Now(),
	}
	a.recorder.Expect(chatEndpoint())
	return a
}

// Uptime is how long ago the API was made.
func (a *API) Uptime() time.Duration { return time.Since(a.started) }

// Handler serves everything on one port.
func (a *API) Handler() http.Handler {
	return a.handler(a.chatRoutes(), a.healthRoutes(), a.metricsRoutes())
}

// PublicHandler serves users: everything but metrics.
func (a *API) PublicHandler() http.Handler { return a.handler(a.chatRoutes(), a.healthRoutes()) }

// TelemetryHandler serves operators: metrics and health.
func (a *API) TelemetryHandler() http.Handler { return a.handler(a.healthRoutes(), a.metricsRoutes()) }

const metricsPath = "/metrics"

func (a *API) metricsRoutes() []route {
	return []route{{http.MethodGet, metricsPath, a.recorder.Handler(a.logger).ServeHTTP}}
}
