package observe

import (
	"slices"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// levels says where each level stands. One whose alert and values contradict each other is unknown.
func (s *TrackedThreshold) levelStates(snap *Snapshot, h *loaded, f match) (levels []Level, contradictory bool) {
	levels = make([]Level, len(s.levels))
	evaluated := f.evaluated(h)
	if s.shadow && evaluated {
		s.evaluateAlerts(snap.At, h.series)
	}
	for i, line := range s.levels {
		level := Level{Severity: line.Severity, State: v1alpha1.StateUnknown}
		if s.shadow && evaluated {
			level.State, level.ActiveSince = s.shadowState(line)
		} else if alert := f.alerts[line.Severity]; alert != nil && alert.health != prometheusv1.RuleHealthUnknown {
			level.State, level.ActiveSince = alertState(alert, evaluated)
			if evaluated && contradicts(level.State, line, h.series) {
				level, contradictory = Level{Severity: line.Severity, State: v1alpha1.StateUnknown}, true
			}
		}
		if level.State == v1alpha1.StateInactive && len(h.series) == 0 {
			level.State = v1alpha1.StateNoData
		}
		level.ActiveSince = level.ActiveSince.Truncate(time.Second)
		levels[i] = level
	}
	return levels, contradictory
}

// contradicts reports whether the state of a line's alert cannot be that of the values. Where there are none they may have
// gone since, and an alert that is kept firing may do so at any value.
func contradicts(state v1alpha1.State, line rules.Level, all []series) bool {
	beyond := slices.ContainsFunc(all, func(one series) bool { return line.Crossed(one.value) })
	switch state {
	case v1alpha1.StateInactive:
		return beyond
	case v1alpha1.StatePending, v1alpha1.StateFiring:
		return !beyond && len(all) > 0 && line.KeepFiringFor == 0
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
	for i, line := range s.levels {
		o.Levels[i] = Level{Severity: line.Severity, State: v1alpha1.StateUnknown}
	}
	return o
}
