package diagnose

import (
	"fmt"
	"time"

	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// levels shows the state of each level, the value beside it, and how much of "for" has passed.
func (r *Report) levels(in Input, plan *rules.Plan, now observe.Observation) {
	for i, level := range plan.Levels {
		current := now.Levels[i]
		status := v1alpha1.LevelStatus{Severity: level.Severity, Threshold: level.String(), State: current.State}
		if !current.ActiveSince.IsZero() {
			status.ActiveSince = &metav1.Time{Time: current.ActiveSince}
		}
		r.Levels = append(r.Levels, status)
		result, detail := explainLevel(in, plan, level, current)
		r.add("level "+level.Severity, result, "%s", detail)
	}
}

func explainLevel(in Input, plan *rules.Plan, level rules.Level, current observe.Level) (Result, string) {
	value := "the value"
	worst, ok := worstValue(in.Prometheus.Snapshot.Values(in.key()), level)
	switch {
	case ok:
		value = observe.Format(level.Unit, worst)
	case plan.Value.EmptyWhenHealthy:
		value = "what has no value while all is well"
	}
	if plan.Mode == v1alpha1.ModeShadow && (ok || plan.Value.EmptyWhenHealthy) {
		return Fail, fmt.Sprintf("spec.mode is Shadow, so nothing ever fires: %s, and the level is %s; in mode Enforce it would be %s",
			value, level, current.State)
	}
	active := in.Now.Sub(current.ActiveSince).Truncate(time.Second)
	switch current.State {
	case v1alpha1.StateInactive:
		return NotApplicable, fmt.Sprintf("%s is not %s: nothing to fire", value, level)
	case v1alpha1.StatePending:
		return NotApplicable, fmt.Sprintf("%s is %s, for %s of the required %s: fires in %s if that continues", value, level,
			active, model.Duration(level.For), max(level.For-active, 0))
	case v1alpha1.StateFiring:
		return OK, fmt.Sprintf("fires: %s is %s since %s", value, level, current.ActiveSince.UTC().Format(time.RFC3339))
	case v1alpha1.StateNoData:
		return NotApplicable, fmt.Sprintf("there is no value to be %s", level)
	default:
		return Unknown, "Prometheus does not have the alert as it should be"
	}
}

// worstValue returns the value that is furthest towards firing at the level.
func worstValue(values []float64, level rules.Level) (worst float64, ok bool) {
	for _, value := range values {
		if !ok || level.Worse(value, worst) {
			worst, ok = value, true
		}
	}
	return worst, ok
}
