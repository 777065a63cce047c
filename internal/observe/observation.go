package observe

import (
	"maps"
	"math"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// Observation is what a person sees of a threshold in Prometheus, in the words of its status.
type Observation struct {
	Loaded Condition
	State  v1alpha1.State
	Levels []Level
	// Current and Headroom are empty when there is no value, or no level that it has a distance to.
	Current       string
	CurrentLabels map[string]string
	Headroom      string

	// headroom is Headroom as a part of the level; not a number when it is not known, as after a start.
	headroom float64
	// warmingUp: Prometheus has the rule as it should be and has not evaluated it, as after a start.
	warmingUp bool
	// contradictory: an alert is active though no value is beyond its level, or the other way about.
	contradictory bool
}

// Condition is the condition Loaded without generation and time.
type Condition struct {
	Status          metav1.ConditionStatus
	Reason, Message string
}

// Level is where one level stands.
type Level struct {
	Severity string
	State    v1alpha1.State
	// ActiveSince is zero while no series is beyond the level; it has whole seconds, as the status has.
	ActiveSince time.Time
}

// change is how much of a difference there is between two observations.
type change int

const (
	noChange change = iota
	// smallChange: only the value, a time, or the words of a message.
	smallChange
	// largeChange: only the value, but it is on another footing with the level, or another reason why nothing selects the rule.
	largeChange
	// stateChange: a state or the condition is another, or there is a value now, or no more.
	stateChange
)

// A value has changed by much when its headroom has grown or shrunk by half, and by a tenth of the level at least: less
// matters near the level than far from it. What crosses the level changes the state, unless it waits for "for" to pass or
// comes back in time.
const (
	significantPart     = 0.5
	significantHeadroom = 0.1
)

// since says how much has changed since an earlier observation.
func (o Observation) changeSince(before Observation) change {
	sameState := func(a, b Level) bool { return a.Severity == b.Severity && a.State == b.State }
	sameLevel := func(a, b Level) bool { return sameState(a, b) && a.ActiveSince.Equal(b.ActiveSince) }
	switch {
	case o.Loaded.Status != before.Loaded.Status, o.Loaded.Reason != before.Loaded.Reason, o.State != before.State,
		!slices.EqualFunc(o.Levels, before.Levels, sameState), (o.Current == "") != (before.Current == ""):
		return stateChange
	case o.significantChange(before), o.Loaded.Reason == v1alpha1.ReasonNotSelected && o.Loaded.Message != before.Loaded.Message:
		return largeChange
	case o.Loaded != before.Loaded, o.Current != before.Current, o.Headroom != before.Headroom,
		!maps.Equal(o.CurrentLabels, before.CurrentLabels), !slices.EqualFunc(o.Levels, before.Levels, sameLevel):
		return smallChange
	default:
		return noChange
	}
}

func (o Observation) significantChange(before Observation) bool {
	moved := math.Abs(o.headroom - before.headroom) // compares false when one is not a number
	return moved >= significantHeadroom && moved >= significantPart*math.Abs(before.headroom)
}
