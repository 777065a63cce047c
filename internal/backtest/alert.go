package backtest

import (
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// replayLevel is a level, its durations counted in steps.
type replayLevel struct {
	level rules.Level
	// value is the oriented one: an oriented sample crosses the level when it is greater.
	value float64
	// forSteps is after how many steps across the level the alert fires, keepFiringSteps for how many it goes on after that.
	forSteps, keepFiringSteps int
	// episodes are those that ended, of all series.
	episodes []episode
	// buffer holds the oriented values of a segment, for a band.
	buffer []float64
}

func newReplayLevel(level rules.Level, steps func(time.Duration) int) replayLevel {
	return replayLevel{
		level:           level,
		value:           level.Oriented(),
		forSteps:        steps(level.For),
		keepFiringSteps: steps(level.KeepFiringFor),
	}
}

type state uint8

const (
	inactive state = iota
	pending
	firing
)

// none is an evaluation that never was.
const none = -1

// seriesAlert is what Prometheus keeps about one series at one level. Its fields are evaluations, counted in steps.
type seriesAlert struct {
	series int
	state  state
	// active is since when the level is crossed.
	active int
	fired  int
	// kept is since when it fires only because of keepFiringFor; none while the level is crossed.
	kept int
}

// episode is an alert that fired; resolved is the first evaluation at which it no longer does.
type episode struct {
	series, active, fired, resolved int
}

// scan evaluates the alert on oriented values, the first at evaluation at, and keeps the episodes that end. It does what
// AlertingRule.Eval of Prometheus does, one state at a time.
func (a *seriesAlert) scan(l *replayLevel, at int, values []float64) {
	for i := 0; i < len(values); {
		switch a.state {
		case inactive:
			for i < len(values) && !(values[i] > l.value) {
				i++
			}
			if i < len(values) {
				a.state, a.active = pending, at+i
			}
		case pending:
			due := min(a.active+l.forSteps-at, len(values))
			for i < due && values[i] > l.value {
				i++
			}
			switch {
			case i == len(values):
			case values[i] > l.value:
				a.state, a.fired, a.kept = firing, at+i, none
			default:
				a.state = inactive
			}
		case firing:
			i = a.keepFiring(l, at, i, values)
		}
	}
}

// keepFiring evaluates from values[i] while the alert fires, and returns where it no longer does.
func (a *seriesAlert) keepFiring(l *replayLevel, at, i int, values []float64) int {
	for i < len(values) {
		for i < len(values) && values[i] > l.value {
			a.kept = none
			i++
		}
		if i == len(values) {
			break
		}
		if a.kept == none {
			a.kept = at + i
		}
		until := min(a.kept+l.keepFiringSteps-at, len(values))
		for i < until && !(values[i] > l.value) {
			i++
		}
		if i < len(values) && !(values[i] > l.value) {
			a.resolve(l, at+i)
			break
		}
	}
	return i
}

// skip evaluates the alert at n evaluations without a sample, the first of which is at.
func (a *seriesAlert) skip(l *replayLevel, at, n int) {
	switch {
	case n == 0:
	case a.state == pending:
		a.state = inactive
	case a.state == firing:
		if a.kept == none {
			a.kept = at
		}
		if a.kept+l.keepFiringSteps < at+n {
			a.resolve(l, max(at, a.kept+l.keepFiringSteps)) // later than due where evaluations failed
		}
	}
}

func (a *seriesAlert) resolve(l *replayLevel, at int) {
	l.episodes = append(l.episodes, episode{series: a.series, active: a.active, fired: a.fired, resolved: at})
	a.state = inactive
}
