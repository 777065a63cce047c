package rules

import (
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// Level is a resolved level of a threshold: the value at which its alert begins to count.
type Level struct {
	Severity   string
	Comparison Comparison
	// Value is in the base unit: seconds, percent from 0 to 100, ratio from 0 to 1.
	// Lower is the other value of a band, below which its alert counts too; zero for a level of one side.
	Value, Lower float64
	Unit         signal.Unit
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
	// Outside fires when the value is greater than the level or less than its lower one: outside a band.
	Outside Comparison = "outside"
)

// operator is the PromQL operator of the comparison.
func (c Comparison) operator() string {
	if c == Below {
		return "<"
	}
	return ">"
}

// Orient turns a value so that a greater one is worse: it negates for Below. Of a band it is how far outside the value lies.
func (l Level) Orient(value float64) float64 {
	switch l.Comparison {
	case Below:
		return -value
	case Outside:
		return max(value-l.Value, l.Lower-value)
	default:
		return value
	}
}

// Oriented is the level as Orient turns values: a value crosses the level when it is greater.
func (l Level) Oriented() float64 {
	if l.Comparison == Outside {
		return 0
	}
	return l.Orient(l.Value)
}

// Worse reports whether value a lies further towards firing than b; never for NaN.
func (l Level) Worse(a, b float64) bool { return l.Orient(a) > l.Orient(b) }

// Crossed reports whether the value is one at which the alert counts; never for NaN.
func (l Level) Crossed(value float64) bool { return l.Orient(value) > l.Oriented() }

// Distance is how far the value is from the level, in the base unit: negative when the level is crossed.
func (l Level) Distance(value float64) float64 { return l.Oriented() - l.Orient(value) }

// Sides are a band as its two levels, Above first; any other level alone.
func (l Level) Sides() []Level {
	if l.Comparison != Outside {
		return []Level{l}
	}
	above, below := l, l
	above.Comparison, above.Lower = Above, 0
	below.Comparison, below.Value, below.Lower = Below, l.Lower, 0
	return []Level{above, below}
}

// String is the comparison as people read it, such as "> 2s", or "> 80% or < 20%" for a band.
func (l Level) String() string {
	return l.join(" or ", func(side Level) string { return side.Comparison.operator() + " " + side.Unit.Format(side.Value) })
}

// values are the level's as people read them, such as "2s", or "20% to 80%" for a band.
func (l Level) values() string {
	if l.Comparison == Outside {
		return l.Unit.Format(l.Lower) + " to " + l.Unit.Format(l.Value)
	}
	return l.Unit.Format(l.Value)
}

func (l Level) join(separator string, text func(side Level) string) string {
	var texts []string
	for _, side := range l.Sides() {
		texts = append(texts, text(side))
	}
	return strings.Join(texts, separator)
}

// isBeyond reports whether the alert of a side fires later than that of the other one, of the same comparison: it is crossed by
// fewer values, or must stay crossed for longer.
func (l Level) isBeyond(other Level) bool {
	return l.Worse(l.Value, other.Value) || l.Value == other.Value && l.For > other.For
}
