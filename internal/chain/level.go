package chain

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// levels says of each level where the value stands to its line, and how much of "for" has passed.
func (r *Report) levels(seen Seen, plan *rules.Plan, now observe.Observation) {
	for i, line := range plan.Levels {
		level := now.Levels[i]
		status := v1alpha1.LevelStatus{Severity: line.Severity, Threshold: line.String(), State: level.State}
		if !level.ActiveSince.IsZero() {
			status.ActiveSince = &metav1.Time{Time: level.ActiveSince}
		}
		r.Levels = append(r.Levels, status)
		result, detail := where(seen, plan, line, level)
		r.add("level "+line.Severity, result, "%s", detail)
	}
}

func where(seen Seen, plan *rules.Plan, line rules.Level, level observe.Level) (Result, string) {
	value := "the value"
	if worst, ok := worst(seen.Prometheus.Signal, line.Comparison); ok {
		value = observe.Format(line.Unit, worst)
		if plan.Mode == v1alpha1.ModeShadow {
			return Fail, fmt.Sprintf("spec.mode is Shadow, so nothing ever fires: %s, and the line is %s; in mode Enforce it would be %s",
				value, line, level.State)
		}
	}
	held := seen.Now.Sub(level.ActiveSince).Truncate(time.Second)
	switch level.State {
	case v1alpha1.StateInactive:
		return Idle, fmt.Sprintf("%s is not %s: nothing to fire", value, line)
	case v1alpha1.StatePending:
		return Idle, fmt.Sprintf("%s is %s, for %s of the %s that it must last: fires in %s if it stays", value, line,
			held, model.Duration(line.For), max(line.For-held, 0))
	case v1alpha1.StateFiring:
		return OK, fmt.Sprintf("fires: %s is %s since %s", value, line, level.ActiveSince.UTC().Format(time.RFC3339))
	case v1alpha1.StateNoData:
		return Idle, fmt.Sprintf("there is no value to be %s", line)
	default:
		return Unknown, "Prometheus does not have the alert as it should be"
	}
}

// worst is the value that is furthest on the line's side.
func worst(signal model.Vector, side rules.Comparison) (value float64, ok bool) {
	for _, sample := range signal {
		v := float64(sample.Value)
		if !ok || side == rules.Below && v < value || side == rules.Above && v > value {
			value, ok = v, true
		}
	}
	return value, ok
}
