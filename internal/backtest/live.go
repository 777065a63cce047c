package backtest

import (
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// LiveAlert is the alert of one series at one level, evaluated as values come, at any times. It is inactive at first.
type LiveAlert struct {
	// alert counts in milliseconds instead of steps.
	alert seriesAlert
}

// RestoreAlert returns an alert that has been active since then.
func RestoreAlert(activeSince time.Time, isFiring bool) LiveAlert {
	a := seriesAlert{state: pending, active: int(activeSince.UnixMilli())}
	if isFiring {
		a.state, a.kept = firing, none
	}
	return LiveAlert{a}
}

// Evaluate takes the value at a time that is later than the ones before; NaN when there is none.
func (l *LiveAlert) Evaluate(level rules.Level, at time.Time, value float64) {
	milliseconds := func(d time.Duration) int { return int(d.Milliseconds()) }
	counted := newReplayLevel(level, milliseconds)
	l.alert.scan(&counted, int(at.UnixMilli()), []float64{level.Orient(value)})
}

// Active reports whether the alert is pending or firing, and since when the level is crossed.
func (l *LiveAlert) Active() (isActive, isFiring bool, since time.Time) {
	return l.alert.state != inactive, l.alert.state == firing, time.UnixMilli(int64(l.alert.active))
}
