package controller

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/controller/claims"
	"github.com/plimsoll-dev/plimsoll/internal/controller/prometheus"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// setStatus assembles the whole status. state is what Prometheus says; nil for a threshold of which it can say nothing.
func setStatus(t *v1alpha1.AlertThreshold, claim claims.Claim, c conclusion, state *prometheus.State) {
	s := &t.Status
	s.ObservedGeneration = t.Generation
	if claim.Self != "" {
		s.Controller = claim.Self
	}
	setConditions(t, claim, c, state)
	switch {
	case c.inForce != nil:
		s.Rule = &v1alpha1.RuleReference{Name: rules.Name(t.Name)}
		s.Levels, s.Threshold = levelStatuses(c.inForce.Levels)
	case !c.keepsLevels:
		s.Rule, s.Levels, s.Threshold = nil, nil, ""
	}
	s.State = stateOf(c.programmed.Reason, state)
	if state == nil {
		s.Current, s.CurrentLabels, s.Headroom = "", nil, ""
		s.Backtest, s.Recommendations = nil, nil
		return
	}
	s.Backtest, s.Recommendations = state.Backtest, state.Recommendations
	if o := state.Observation; o != nil {
		s.Current, s.CurrentLabels, s.Headroom = o.Current, o.CurrentLabels, o.Headroom
		setLevelStates(s.Levels, o.Levels)
	}
}

func setConditions(t *v1alpha1.AlertThreshold, claim claims.Claim, c conclusion, state *prometheus.State) {
	conditions := &t.Status.Conditions
	if len(claim.Contenders) > 0 {
		meta.SetStatusCondition(conditions, contested(t, claim))
	} else {
		meta.RemoveStatusCondition(conditions, v1alpha1.ConditionContested)
	}
	if c.resolved != nil && lacksBuckets(t, state) {
		c.accepted = acceptedWith(t, slices.Concat(c.resolved.KnownBucketWarnings, c.resolved.Warnings), c.resolved.Value.IsUnconfined)
	}
	meta.SetStatusCondition(conditions, c.accepted)
	meta.SetStatusCondition(conditions, c.programmed)
	meta.SetStatusCondition(conditions, c.ready)
	switch {
	case state == nil:
		meta.RemoveStatusCondition(conditions, v1alpha1.ConditionLoaded)
	case state.Observation != nil:
		loaded := state.Observation.Loaded
		meta.SetStatusCondition(conditions, metav1.Condition{
			Type:               v1alpha1.ConditionLoaded,
			Status:             loaded.Status,
			ObservedGeneration: state.Generation,
			Reason:             loaded.Reason,
			Message:            loaded.Message,
		})
	}
	if state != nil && state.Measurable != nil {
		meta.SetStatusCondition(conditions, *state.Measurable)
	} else {
		meta.RemoveStatusCondition(conditions, v1alpha1.ConditionMeasurable)
	}
}

// lacksBuckets reports whether the buckets of the present generation cannot be read, so that it only remains to warn of those
// that a source is known to have.
func lacksBuckets(t *v1alpha1.AlertThreshold, state *prometheus.State) bool {
	if state == nil {
		return true
	}
	c := state.Measurable
	return c != nil && c.Status == metav1.ConditionUnknown && c.ObservedGeneration == t.Generation
}

// contested is the condition Contested of a threshold that this controller answers for.
func contested(t *v1alpha1.AlertThreshold, claim claims.Claim) metav1.Condition {
	return condition(t, v1alpha1.ConditionContested, metav1.ConditionTrue, v1alpha1.ReasonSeveralControllers,
		fmt.Sprintf("%s answers for namespace %s; %s watches it too and leaves it alone: uninstall one of them, or set controller.watchNamespaces "+
			"(--namespaces) of each so that they share none", claim.Self, t.Namespace, strings.Join(claim.Contenders, ", ")))
}

// stateOf is the state of a threshold whose Programmed has the reason; empty while it is not known.
func stateOf(reason string, state *prometheus.State) v1alpha1.State {
	switch {
	case reason == v1alpha1.ReasonOff:
		return v1alpha1.StateOff
	case reason == v1alpha1.ReasonSuperseded:
		return v1alpha1.StateSuperseded
	case state != nil && state.Observation != nil:
		return state.Observation.State
	}
	return ""
}

// levelStatuses returns the levels as the status lists them, and their summary.
func levelStatuses(levels []rules.Level) (statuses []v1alpha1.LevelStatus, summary string) {
	statuses = make([]v1alpha1.LevelStatus, len(levels))
	texts := make([]string, len(levels))
	for i, level := range levels {
		statuses[i] = v1alpha1.LevelStatus{Severity: level.Severity, Threshold: level.String()}
		texts[i] = level.Severity + " " + level.String()
	}
	return statuses, strings.Join(texts, ", ")
}

// setLevelStates sets what was observed of each level in force; an observed level that is not in force is left out.
func setLevelStates(levels []v1alpha1.LevelStatus, observed []observe.Level) {
	for i := range levels {
		level := &levels[i]
		level.State, level.ActiveSince = v1alpha1.StateUnknown, nil
		at := slices.IndexFunc(observed, func(o observe.Level) bool { return o.Severity == level.Severity })
		if at < 0 {
			continue
		}
		level.State = observed[at].State
		if since := observed[at].ActiveSince; !since.IsZero() {
			level.ActiveSince = &metav1.Time{Time: since}
		}
	}
}
