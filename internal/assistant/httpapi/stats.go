package httpapi

import (
	"net/http"
	"time"

	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
	"github.com/plimsoll-dev/plimsoll/internal/system"
)

// defaultRange is the range of GET /stats without one.
const defaultRange = time.Hour

var (
	errRange       = invalidRequest("The range must be a duration such as 90s, 5m, 1h or 1h30m.")
	errRangeBounds = invalidRequest("The range must be from 1s to 24h; for what is older, use assistant analyze on the log files.")
)

// statsReport is the report of GET /stats: what was logged, and the system.
type statsReport struct {
	stats.Report
	// Range is what was asked for, as Prometheus writes durations.
	Range  string      `json:"range"`
	System systemStats `json:"system"`
}

// systemStats are the system's last reading, and CPU and memory over the range.
type systemStats struct {
	system.Reading
	History stats.History `json:"history"`
}

func (a *API) getStats(w http.ResponseWriter, r *http.Request) error {
	lookback, err := parseRange(r.URL.Query().Get("range"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, statsReport{
		Report: a.stats.Report(lookback),
		Range:  model.Duration(lookback).String(),
		System: systemStats{a.system(), a.stats.History(lookback)},
	})
}

// parseRange reads a duration as Prometheus writes it.
func parseRange(text string) (time.Duration, error) {
	if text == "" {
		return defaultRange, nil
	}
	d, err := model.ParseDuration(text)
	switch lookback := time.Duration(d); {
	case err != nil:
		return 0, errRange
	case lookback < time.Second || lookback > stats.MaxLookback:
		return 0, errRangeBounds
	default:
		return lookback, nil
	}
}
