package rules

import (
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// Level is a resolved level of a threshold: the value at which its alert begins to count.
type Level struct {
	Severity   string
	Comparison Comparison
	// Value is in the base unit: seconds, percent from 0 to 100, ratio from 0 to 1.
	Value float64
	Unit  signal.Unit
	// For is how long the level must stay crossed before the alert fires, KeepFiringFor how long the alert goes on
	// after that; zero for not at all.
	For, KeepFiringFor time.Duration
}

// Comparison is the side of a level on which its alert fires.
type Comparison string

const (
	// Above fires when the value is greater than the level.
	Above Comparison = "above"
	// Below fires when the value is less than the level.
	Below Comparison = "below"
)

// operator is the PromQL operator of the comparison.
func (c Comparison) operator() string {
	if c == Below {
		return "<"
	}
	return ">"
}

// Orient turns a value so that a greater one is worse: it negates for Below. Orienting twice gives the value again.
func (c Comparison) Orient(value float64) float64 {
	if c == Below {
		return -value
	}
	return value
}

// Worse reports whether value a lies further towards firing than b; never for NaN.
func (c Comparison) Worse(a, b float64) bool { return c.Orient(a) > c.Orient(b) }

// Crossed reports whether the value is one at which the alert counts; never for NaN.
func (l Level) Crossed(value float64) bool { return l.Comparison.Worse(value, l.Value) }

// Distance is how far the value is from the level, in the base unit: negative when the level is crossed.
func (l Level) Distance(value float64) float64 {
	return l.Comparison.Orient(l.Value) - l.Comparison.Orient(value)
}

// String is the comparison as people read it, such as "> 2s".
func (l Level) String() string { return l.Comparison.operator() + " " + l.Unit.Format(l.Value) }

// isBeyond reports whether the alert of the level fires later than that of the other one, of the same comparison: it is crossed by
// fewer values, or must stay crossed for longer.
func (l Level) isBeyond(other Level) bool {
	return l.Comparison.Worse(l.Value, other.Value) || l.Value == other.Value && l.For > other.For
}
