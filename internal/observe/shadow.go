package observe

import (
	"math"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// alertKey names the alert of one series at one level.
type alertKey struct{ severity, series string }

// restoredSeries stands for the series of an alert that is known from the status only. No series is called so.
const restoredSeries = "restored"

// restoreAlerts continues the alerts that the status tells of. Which series they are of is not known: the alert of every series
// that crosses the level continues it.
func (s *TrackedThreshold) restoreAlerts(levels []Level) {
	s.alerts = map[alertKey]backtest.LiveAlert{}
	for _, level := range levels {
		if !level.ActiveSince.IsZero() {
			s.alerts[alertKey{level.Severity, restoredSeries}] = backtest.RestoreAlert(level.ActiveSince, level.State == v1alpha1.StateFiring)
		}
	}
}

// evaluateAlerts evaluates the alerts that Prometheus would have, if they were not shadows. The same time again changes nothing.
func (s *TrackedThreshold) evaluateAlerts(at time.Time, values []series) {
	if at.Equal(s.evaluatedAt) {
		return
	}
	active := map[alertKey]backtest.LiveAlert{}
	evaluate := func(level rules.Level, key alertKey, value float64) {
		alert, known := s.alerts[key]
		if !known && level.Crossed(value) {
			alert = s.alerts[alertKey{level.Severity, restoredSeries}]
		}
		alert.Evaluate(level, at, value)
		if isActive, _, _ := alert.Active(); isActive {
			active[key] = alert
		}
	}
	for _, level := range s.levels {
		present := map[alertKey]bool{}
		for _, one := range values {
			key := alertKey{level.Severity, one.labels.String()}
			present[key] = true
			evaluate(level, key, one.value)
		}
		for key := range s.alerts {
			if key.severity == level.Severity && !present[key] {
				evaluate(level, key, math.NaN())
			}
		}
	}
	s.alerts, s.evaluatedAt = active, at
}

// shadowState returns the worst state of the level's alerts, and since when the oldest is active.
func (s *TrackedThreshold) shadowState(level rules.Level) (v1alpha1.State, time.Time) {
	state, oldest := v1alpha1.StateInactive, time.Time{}
	for key, alert := range s.alerts {
		if key.severity != level.Severity {
			continue
		}
		_, isFiring, since := alert.Active()
		if isFiring {
			state = v1alpha1.StateFiring
		} else if state == v1alpha1.StateInactive {
			state = v1alpha1.StatePending
		}
		if oldest.IsZero() || since.Before(oldest) {
			oldest = since
		}
	}
	return state, oldest
}
