package httpapi

import (
	"net/http"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
	"github.com/plimsoll-dev/plimsoll/internal/system"
)

const statsPath = "/stats"

// defaultRange is the source document's hour.
const defaultRange = time.Hour

// statsRoutes serve the statistics to operators: they hold the texts of errors, which are no business of users.
func (a *API) statsRoutes() []route {
	if a.statistics == nil {
		return nil
	}
	return []route{{http.MethodGet, statsPath, a.getStats}}
}

// statsReport is the source document's report: of what the log's lines say, and of the system.
type statsReport struct {
	stats.Report
	// Range is what was asked for, as Prometheus writes durations.
	Range  string      `json:"range"`
	System systemStats `json:"system"`
}

// systemStats are the system's last reading and what CPU and memory were before.
type systemStats struct {
	system.Reading
	History stats.History `json:"history"`
}

func (a *API) getStats(w http.ResponseWriter, r *http.Request) {
	span, err := parseRange(r.URL.Query().Get("range"))
	if err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, statsReport{
		Report: a.statistics.Report(span),
		Range:  model.Duration(span).String(),
		System: systemStats{a.system(), a.statistics.History(span)},
	})
}

// parseRange reads a duration as Prometheus writes it.
func parseRange(text string) (time.Duration, error) {
	if text == "" {
		return defaultRange, nil
	}
	d, err := model.ParseDuration(text)
	switch span := time.Duration(d); {
	case err != nil:
		return 0, invalid("The range must be a duration such as 90s, 5m, 1h or 1h30m.")
	case span < time.Second || span > stats.MaxRange:
		return 0, invalid("The range must be from 1s to 24h; for what is older, use assistant analyze on the log files.")
	default:
		return span, nil
	}
}
