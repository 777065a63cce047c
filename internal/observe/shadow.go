package observe

import (
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// place is one series against one line.
type seriesKey struct {
	severity string
	series   string
}

// standing is the alert that there would be, as Prometheus keeps it.
type activeAlert struct {
	since  time.Time
	firing bool
	// back is since when the value of a firing one has been on the good side again; zero while it is not.
	back time.Time
}

// seed takes over where the levels stood before the controller started anew, so that it does not begin to count anew.
// Which series it was is not known: every one beyond the line is taken for it.
func (s *TrackedThreshold) restore(levels []Level) {
	s.active = map[seriesKey]activeAlert{}
	for _, level := range levels {
		if !level.ActiveSince.IsZero() {
			s.active[seriesKey{level.Severity, restoredSeries}] = activeAlert{
				since: level.ActiveSince, firing: level.State == v1alpha1.StateFiring,
			}
		}
	}
}

// seeded is the series of a place that is known from the status only. No series is called so.
const restoredSeries = "seeded"

// advance replays one evaluation of the lines, at that time, as Prometheus evaluates alerting rules.
func (s *TrackedThreshold) advance(at time.Time, now []series) {
	if at.Equal(s.at) {
		return
	}
	next := map[seriesKey]activeAlert{}
	for _, line := range s.levels {
		for _, one := range now {
			if !line.Crossed(one.value) {
				continue
			}
			where := seriesKey{line.Severity, one.labels.String()}
			is, known := s.active[where]
			if !known {
				is, known = s.active[seriesKey{line.Severity, restoredSeries}]
			}
			if !known {
				is.since = at
			}
			is.back = time.Time{}
			is.firing = at.Sub(is.since) >= line.For
			next[where] = is
		}
		s.keepFiring(line, at, next)
	}
	s.active, s.at = next, at
}

// keepFiring adds to next the alerts of the line that go on though their value is back.
func (s *TrackedThreshold) keepFiring(line rules.Level, at time.Time, next map[seriesKey]activeAlert) {
	for where, is := range s.active {
		_, beyond := next[where]
		if where.severity != line.Severity || beyond || !is.firing {
			continue
		}
		if is.back.IsZero() {
			is.back = at
		}
		if at.Sub(is.back) < line.KeepFiringFor {
			next[where] = is
		}
	}
}

// stands is where the level of the line stands after the last advance.
func (s *TrackedThreshold) levelState(line rules.Level) (v1alpha1.State, time.Time) {
	state, since := v1alpha1.StateInactive, time.Time{}
	for where, is := range s.active {
		if where.severity != line.Severity {
			continue
		}
		if is.firing {
			state = v1alpha1.StateFiring
		} else if state == v1alpha1.StateInactive {
			state = v1alpha1.StatePending
		}
		if since.IsZero() || is.since.Before(since) {
			since = is.since
		}
	}
	return state, since
}
