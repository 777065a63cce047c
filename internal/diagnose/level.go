package diagnose

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// levels shows the state of each level, the value beside it, and how much of "for" has passed.
func (r *Report) levels(s trackedRule) {
	for i, level := range s.levels {
		current := s.observation.Levels[i]
		status := v1alpha1.LevelStatus{Severity: level.Severity, State: current.State}
		if len(s.written) > 0 {
			status.Threshold = s.written[i]
		}
		if !current.ActiveSince.IsZero() {
			status.ActiveSince = &metav1.Time{Time: current.ActiveSince}
		}
		r.Levels = append(r.Levels, status)
		result, detail := s.explainLevel(i)
		r.add(strings.TrimSpace("level "+level.Severity), result, "%s", detail)
	}
}

func (s trackedRule) explainLevel(i int) (Result, string) {
	level, current := s.levels[i], s.observation.Levels[i]
	crossed, notCrossed := "the expression has a sample", "the expression has no sample"
	differs := "Prometheus does not have the alert as it should be"
	if len(s.written) > 0 {
		value := "the value"
		worst, ok := worstValue(s.prometheus.Snapshot.Values(s.key), level)
		switch {
		case ok:
			value = observe.Format(level.Unit, worst)
		case s.emptyWhenHealthy:
			value = "what has no value while all is well"
		}
		if s.shadow && (ok || s.emptyWhenHealthy) {
			return Fail, fmt.Sprintf("spec.mode is Shadow, so nothing ever fires: %s, and the level is %s; in mode Enforce it would be %s",
				value, s.written[i], current.State)
		}
		if ok {
			differs += ", and " + value + map[bool]string{true: " is ", false: " is not "}[level.Crossed(worst)] + s.written[i]
		}
		crossed, notCrossed = value+" is "+s.written[i], value+" is not "+s.written[i]
	}
	active := s.now.Sub(current.ActiveSince).Truncate(time.Second)
	switch current.State {
	case v1alpha1.StateInactive:
		return NotApplicable, notCrossed + ": nothing to fire"
	case v1alpha1.StatePending:
		return NotApplicable, fmt.Sprintf("%s, for %s of the required %s: fires in %s if that continues", crossed,
			active, model.Duration(level.For), max(level.For-active, 0))
	case v1alpha1.StateFiring:
		return OK, fmt.Sprintf("fires: %s since %s", cmp.Or(s.notCrossing(i), crossed), current.ActiveSince.UTC().Format(time.RFC3339))
	case v1alpha1.StateNoData:
		return NotApplicable, "there is no value to be " + s.written[i]
	default:
		return Unknown, differs
	}
}

// notCrossing says what holds of an alert that fires though the value does not cross the level now; empty where it does, and where
// the rule has no level.
func (s trackedRule) notCrossing(i int) string {
	level, is := s.levels[i], "no value"
	worst, ok := worstValue(s.prometheus.Snapshot.Values(s.key), level)
	if ok {
		is = observe.Format(level.Unit, worst)
	}
	switch {
	case level.Comparison == "" || ok && level.Crossed(worst):
		return ""
	case level.KeepFiringFor > 0:
		return fmt.Sprintf("it was %s and goes on for keepFiringFor, %s (%s now),", s.written[i], model.Duration(level.KeepFiringFor), is)
	default:
		return fmt.Sprintf("it was %s when the rule was last evaluated (%s now),", s.written[i], is)
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
