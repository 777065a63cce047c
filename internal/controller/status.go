package controller

import (
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// maxMessage is the longest message, in bytes, that a condition gets. The API server takes 32 KiB, but a message may
// quote a whole annotation.
const maxMessage = 4096

// condition is a condition that speaks of the threshold's present generation.
func condition(t *v1alpha1.AlertThreshold, kind string, holds bool, reason, message string) metav1.Condition {
	status := metav1.ConditionFalse
	if holds {
		status = metav1.ConditionTrue
	}
	return metav1.Condition{
		Type:               kind,
		Status:             status,
		ObservedGeneration: t.Generation,
		Reason:             reason,
		Message:            truncate(message, maxMessage),
	}
}

// record writes the decision into the status of the given generation.
func (d decision) record(status *v1alpha1.AlertThresholdStatus, generation int64) {
	status.ObservedGeneration = generation
	meta.SetStatusCondition(&status.Conditions, d.accepted)
	meta.SetStatusCondition(&status.Conditions, d.programmed)
	meta.SetStatusCondition(&status.Conditions, d.ready())
	status.State = d.state()
	switch {
	case d.want != nil:
		setLevelStatuses(status, d.plan)
	case d.levelsStay:
		// The earlier lines, if there are any, are still in force.
	default:
		status.Levels, status.Threshold, status.Rule = nil, "", nil
	}
	d.known.record(status)
}

// ready is the condition Ready: it fails with the first of the two that fails. A threshold that deliberately has no
// rule is as it should be: who waits for it must not wait for ever.
func (d decision) ready() metav1.Condition {
	ready := metav1.Condition{
		Type:               v1alpha1.ConditionReady,
		Status:             metav1.ConditionTrue,
		ObservedGeneration: d.accepted.ObservedGeneration,
		Reason:             v1alpha1.ReasonReady,
		Message:            "the spec is accepted and its rule is in the cluster",
	}
	for _, c := range []metav1.Condition{d.accepted, d.programmed} { // in the order in which one leads to the next
		if c.Status != metav1.ConditionTrue {
			ready.Status, ready.Reason, ready.Message = metav1.ConditionFalse, c.Reason, c.Message
			break
		}
	}
	if d.accepted.Status == metav1.ConditionTrue && isInactive(d.programmed) {
		ready.Status = metav1.ConditionTrue
	}
	return ready
}

// isWithdrawal reports whether the condition says that there is deliberately no rule.
func isInactive(c metav1.Condition) bool {
	return c.Reason == v1alpha1.ReasonOff || c.Reason == v1alpha1.ReasonSuperseded
}

// isDoubtful reports whether the condition accepts a spec with a warning.
func hasWarning(c metav1.Condition) bool {
	return c.Type == v1alpha1.ConditionAccepted && c.Status == metav1.ConditionTrue && c.Message != specValid
}

// state is where the threshold stands: empty while nothing is known.
func (d decision) state() v1alpha1.State {
	switch d.programmed.Reason {
	case v1alpha1.ReasonOff:
		return v1alpha1.StateOff
	case v1alpha1.ReasonSuperseded:
		return v1alpha1.StateSuperseded
	}
	return ""
}

// setLines writes down the lines of the plan, which is in force.
func setLevelStatuses(status *v1alpha1.AlertThresholdStatus, plan *rules.Plan) {
	status.Rule = &v1alpha1.RuleReference{Name: rules.Name(plan.Name)}
	status.Levels = make([]v1alpha1.LevelStatus, len(plan.Levels))
	words := make([]string, len(plan.Levels))
	for i, line := range plan.Levels {
		status.Levels[i] = v1alpha1.LevelStatus{Severity: line.Severity, Threshold: line.String()}
		words[i] = line.Severity + " " + line.String()
	}
	status.Threshold = strings.Join(words, ", ")
}

// clip cuts a text to at most limit bytes, at the border of a character.
func truncate(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	const mark = "..."
	return strings.ToValidUTF8(text[:limit-len(mark)], "") + mark
}
