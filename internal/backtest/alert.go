package backtest

import (
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// level is a line, its durations counted in steps.
type replayLevel struct {
	level rules.Level
	// value is what the series' values, turned round for a line below, must be greater than.
	value float64
	// hold is after how many steps beyond the line the alert fires; keep is at how many evaluations without, from the
	// first, it still does.
	forSteps, keepFiringSteps int
	// episodes are those that ended, of all series.
	episodes []episode
}

func newReplayLevel(line rules.Level, steps func(time.Duration) int) replayLevel {
	l := replayLevel{level: line, value: line.Value, forSteps: steps(line.For), keepFiringSteps: steps(line.KeepFiringFor)}
	if line.Comparison == rules.Below {
		l.value = -line.Value
	}
	return l
}

type state uint8

const (
	inactive state = iota
	pending
	firing
)

// none is the evaluation that never was.
const none = -1

// alert is what Prometheus keeps about one series at one level. Its fields are evaluations.
type alert struct {
	series int
	state  state
	// active is since when the value is beyond the line.
	active int
	fired  int
	// kept is since when it fires on only because of keep; none while the value is beyond the line.
	kept int
}

// episode is an alert that fired, in evaluations; resolved is the first at which it no longer does.
type episode struct {
	series, active, fired, resolved int
}

// scan evaluates the alert on the values, the first of which is of evaluation at. It does what AlertingRule.Eval of
// Prometheus does, one state at a time, and keeps the episodes that end.
func (a *alert) scan(l *replayLevel, at int, values []float64) {
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

// burn goes on from values[i] while the alert fires, and returns where it no longer does.
func (a *alert) keepFiring(l *replayLevel, at, i int, values []float64) int {
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
func (a *alert) skip(l *replayLevel, at, n int) {
	switch {
	case n == 0:
	case a.state == pending:
		a.state = inactive
	case a.state == firing:
		if a.kept == none {
			a.kept = at
		}
		if a.kept+l.keepFiringSteps < at+n {
			a.resolve(l, a.kept+l.keepFiringSteps)
		}
	}
}

func (a *alert) resolve(l *replayLevel, at int) {
	l.episodes = append(l.episodes, episode{series: a.series, active: a.active, fired: a.fired, resolved: at})
	a.state = inactive
}
