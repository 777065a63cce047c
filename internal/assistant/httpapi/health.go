package httpapi

import (
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/system"
)

const healthPath = "/health"

func (a *API) healthRoutes() []route {
	return []route{
		{http.MethodGet, healthPath, a.getHealth},
		{http.MethodGet, healthPath + "/ready", a.getReady},
		{http.MethodGet, healthPath + "/detailed", a.getDetailed},
	}
}

type healthStatus struct {
	Status string `json:"status"`
}

// getHealth is liveness: it fails only if the process cannot answer at all. The model's health is no part of it, nor of
// readiness: its failure would take away every replica at once and help nobody.
func (a *API) getHealth(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, healthStatus{"healthy"})
}

// getReady is readiness: it fails from the moment the process is told to stop.
func (a *API) getReady(w http.ResponseWriter, _ *http.Request) {
	if a.draining.Load() {
		writeJSON(w, http.StatusServiceUnavailable, healthStatus{"draining"})
		return
	}
	writeJSON(w, http.StatusOK, healthStatus{"ready"})
}

// detailedHealth is the source document's report.
type detailedHealth struct {
	Status    string         `json:"status"`
	Timestamp string         `json:"timestamp"`
	System    system.Reading `json:"system"`
	// Uptime is in seconds.
	Uptime float64 `json:"uptime"`
	// ActiveSessions is null while the session store cannot count them: that is no reason to keep the rest back.
	ActiveSessions *int `json:"active_sessions"`
}

func (a *API) getDetailed(w http.ResponseWriter, r *http.Request) {
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
	writeJSON(w, http.StatusOK, report)
}
