package httpapi

import (
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/system"
)

type healthStatus struct {
	Status string `json:"status"`
	// MissingModels are configured, but the vendor does not have them.
	MissingModels []string `json:"missing_models,omitempty"`
}

// getHealth is liveness: it fails only if the process cannot answer at all. The model's health is no part of it, nor of
// readiness: its failure would take every replica out of service at once.
func (a *API) getHealth(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, healthStatus{Status: "healthy"})
}

// getReady is readiness: it fails once the process is told to stop, and if it started with a model that does not exist.
func (a *API) getReady(w http.ResponseWriter, _ *http.Request) error {
	if a.draining.Load() {
		return writeJSON(w, http.StatusServiceUnavailable, healthStatus{Status: "draining"})
	}
	if absent := a.absent(); len(absent) > 0 {
		return writeJSON(w, http.StatusServiceUnavailable, healthStatus{"model missing", absent})
	}
	return writeJSON(w, http.StatusOK, healthStatus{Status: "ready"})
}

// detailedHealth is the report of GET /health/detailed.
type detailedHealth struct {
	Status    string         `json:"status"`
	Timestamp string         `json:"timestamp"`
	System    system.Reading `json:"system"`
	// Uptime is in seconds.
	Uptime float64 `json:"uptime"`
	// ActiveSessions is null while the session store cannot count them.
	ActiveSessions *int `json:"active_sessions"`
}

func (a *API) getDetailed(w http.ResponseWriter, r *http.Request) error {
	report := detailedHealth{
		Status:    "healthy",
		Timestamp: logs.Timestamp(time.Now()),
		System:    a.system(),
		Uptime:    a.Uptime().Seconds(),
	}
	if active, err := a.sessions.Active(r.Context()); err == nil {
		report.ActiveSessions = &active
	}
	if a.draining.Load() {
		report.Status = "draining"
	}
	a.logger.InfoContext(r.Context(), "Health check performed",
		"status", report.Status, "system", report.System, "uptime", report.Uptime, "active_sessions", report.ActiveSessions)
	return writeJSON(w, http.StatusOK, report)
}
