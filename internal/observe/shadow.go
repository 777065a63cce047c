package observe

import (
	"math"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

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
	s.failing = nil
	for i, level := range s.levels {
		present, isOne := s.alertValues(i, at, values)
		for key := range s.alerts {
			if _, isPresent := present[key]; key.severity == level.Severity && !isPresent {
				present[key] = math.NaN()
			}
		}
		if !isOne {
			s.failing = append(s.failing, level.Severity)
		}
		for key, value := range present {
			alert, known := s.alerts[key]
			if !known && level.Crossed(value) {
				alert = s.alerts[alertKey{level.Severity, restoredSeries}]
			}
			if isOne { // else the evaluation fails, and alerts stay as they are
				alert.Evaluate(level, at, value)
			}
			if isActive, _, _ := alert.Active(); isActive {
				active[key] = alert
			}
		}
	}
	s.alerts, s.evaluatedAt = active, at
}

// alertValues returns the value of each alert that the level may have. isOne is false when two series that cross the level are one
// alert, which Prometheus refuses.
func (s *TrackedThreshold) alertValues(i int, at time.Time, values []series) (present map[alertKey]float64, isOne bool) {
	level := s.levels[i]
	present, isOne = map[alertKey]float64{}, true
	for _, one := range values {
		key := alertKey{level.Severity, s.alertLabels(i, at, one)}
		if is, known := present[key]; known && level.Crossed(is) {
			isOne = isOne && !level.Crossed(one.value)
			continue
		}
		present[key] = one.value
	}
	return present, isOne
}

// alertLabels are the labels of the series' alert, as far as they tell it from others.
func (s *TrackedThreshold) alertLabels(i int, at time.Time, one series) string {
	if s.alertRules == nil {
		return one.labels.String()
	}
	metric := model.Metric{rules.NamespaceLabel: model.LabelValue(s.key.Namespace), rules.ThresholdLabel: model.LabelValue(s.key.Name)}
	one.labels.Range(func(l labels.Label) { metric[model.LabelName(l.Name)] = model.LabelValue(l.Value) })
	return s.alertRules[i].AlertLabels(metric, one.value, at).String()
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
