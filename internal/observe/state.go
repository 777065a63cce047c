package observe

import (
	"slices"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/sample"
)

// levelStates returns the state of each level; unknown when its alert and values contradict each other.
func (s *TrackedThreshold) levelStates(snap *Snapshot, h *loaded, f match) (levels []Level, contradictory bool) {
	levels = make([]Level, len(s.levels))
	evaluated := f.evaluated(h)
	if s.shadow && evaluated {
		s.evaluateAlerts(snap.At, h.series)
	}
	for i, level := range s.levels {
		is := Level{Severity: level.Severity, State: v1alpha1.StateUnknown}
		if s.shadow && evaluated {
			if is.State, is.ActiveSince = s.shadowState(level); slices.Contains(s.failing, level.Severity) {
				is = Level{Severity: level.Severity, State: v1alpha1.StateUnknown}
			}
		} else if alert := f.alerts[level.Severity]; alert != nil && alert.health != prometheusv1.RuleHealthUnknown {
			is.State, is.ActiveSince = alertState(alert, evaluated)
			if evaluated && !h.asked && contradicts(is.State, level, h.series) {
				is, contradictory = Level{Severity: level.Severity, State: v1alpha1.StateUnknown}, true
			}
		}
		if is.State == v1alpha1.StateInactive && (f.noDataFires() || len(h.series) == 0 && (!s.emptyWhenHealthy || h.kind != sample.None) && !s.valueless) {
			is.State = v1alpha1.StateNoData
		}
		is.ActiveSince = is.ActiveSince.Truncate(time.Second)
		levels[i] = is
	}
	return levels, contradictory
}

// contradicts reports whether the state of a level's alert cannot be that of the values. Where there are none they may have
// gone since, and an alert that is kept firing may do so at any value.
func contradicts(state v1alpha1.State, level rules.Level, all []series) bool {
	beyond := slices.ContainsFunc(all, func(one series) bool { return level.Crossed(one.value) })
	switch state {
	case v1alpha1.StateInactive:
		return beyond
	case v1alpha1.StatePending, v1alpha1.StateFiring:
		return !beyond && len(all) > 0 && level.KeepFiringFor == 0
	default:
		return false
	}
}

// alertState is where a level stands by its alert in Prometheus. An alert that is not there tells something only when the
// value is known.
func alertState(alert *loadedRule, evaluated bool) (v1alpha1.State, time.Time) {
	switch {
	case alert.state == prometheusv1.AlertStateFiring:
		return v1alpha1.StateFiring, alert.since
	case alert.state == prometheusv1.AlertStatePending:
		return v1alpha1.StatePending, alert.since
	case evaluated && alert.health == prometheusv1.RuleHealthGood:
		return v1alpha1.StateInactive, time.Time{}
	default:
		return v1alpha1.StateUnknown, time.Time{}
	}
}

// gravity orders the states: what a person must know first comes last.
var stateRank = map[v1alpha1.State]int{
	v1alpha1.StateInactive: 0,
	v1alpha1.StateNoData:   1,
	v1alpha1.StateUnknown:  2,
	v1alpha1.StatePending:  3,
	v1alpha1.StateFiring:   4,
}

// worst is the state of the threshold: that of its worst level.
func worstState(levels []Level) v1alpha1.State {
	if len(levels) == 0 {
		return v1alpha1.StateUnknown
	}
	state := levels[0].State
	for _, level := range levels[1:] {
		if stateRank[level.State] > stateRank[state] {
			state = level.State
		}
	}
	return state
}

// unknown is the observation when nothing is known.
func (s *TrackedThreshold) unknown(loaded Condition) Observation {
	o := Observation{Loaded: loaded, State: v1alpha1.StateUnknown, Levels: make([]Level, len(s.levels))}
	for i, level := range s.levels {
		o.Levels[i] = Level{Severity: level.Severity, State: v1alpha1.StateUnknown}
	}
	return o
}
