package controller

import (
	"fmt"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// operatorPollInterval is how often a kind is asked for that the API server does not know: no watch says when it comes.
const operatorPollInterval = 15 * time.Second

// conclusion is what holds for a threshold after its action.
type conclusion struct {
	accepted, programmed, ready metav1.Condition
	// inForce is what the rule in the cluster was made from; nil when there is none, or an earlier spec's.
	inForce *rules.Plan
	// keepsLevels: the levels that the status has are still in force.
	keepsLevels bool
	// resolved is what the spec says; nil when it is not accepted.
	resolved *rules.Plan
	// requeueAfter is when to reconcile again without an event; zero for never.
	requeueAfter time.Duration
	// err is worth a retry.
	err error
}

// conclude says what holds for the threshold after what was seen, and an action that ended in err. It is pure.
func conclude(t *v1alpha1.AlertThreshold, s seen, a action, err error) conclusion {
	c := conclusion{accepted: accepted(t, a.resolved, a.errs), resolved: a.resolved}
	status, generation, reason, message := metav1.ConditionFalse, t.Generation, "", ""
	name := rules.Name(t.Name)
	fail := func(participle verb, err error) {
		reason, c.keepsLevels, c.err = v1alpha1.ReasonApplyFailed, true, err
		message = fmt.Sprintf("PrometheusRule %s could not be %s, tried again: %v", name, participle, err)
	}
	hasLastGood := a.resolved == nil && a.verb != verbDelete && s.rule != nil && isOurs(s.rule, t) && !isTerminating(s.rule, t)
	switch {
	case meta.IsNoMatchError(s.err), meta.IsNoMatchError(err), apierrors.IsNotFound(err): // applying creates what is merely absent
		reason, c.requeueAfter = v1alpha1.ReasonOperatorMissing, operatorPollInterval
		message = "the cluster does not know " + ruleKind.GroupVersion().String() + " PrometheusRule: install the Prometheus Operator or its CRDs; tried again until then"
	case s.err != nil:
		fail("read", s.err)
	case a.err != nil:
		fail("made", a.err)
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		reason, c.keepsLevels = v1alpha1.ReasonRuleRefused, true
		message = fmt.Sprintf("the API server refuses PrometheusRule %s, which is not tried again until the spec changes: %v", name, err)
	case err != nil:
		fail(a.verb, err)
	case a.inactive != nil:
		reason, message = a.inactive.reason, a.inactive.message
	case rules.TooLarge(a.errs):
		reason, c.keepsLevels = v1alpha1.ReasonRuleTooLarge, hasLastGood
		message = fmt.Sprintf("%v; no rule is in place until then", a.errs.ToAggregate())
		if hasLastGood {
			message = fmt.Sprintf("%v; PrometheusRule %s of generation %d stays until then", a.errs.ToAggregate(), name, sourceGeneration(s.rule))
		}
	case hasLastGood:
		status, generation, reason, c.keepsLevels = metav1.ConditionTrue, sourceGeneration(s.rule), v1alpha1.ReasonLastGoodRule, true
		message = fmt.Sprintf("PrometheusRule %s of generation %d stays until the spec is fixed", name, generation)
	case a.resolved == nil && a.verb == verbDelete:
		reason, message = v1alpha1.ReasonNoRule, "the spec is not accepted and the earlier rule, which could read series of every namespace, was removed, as "+
			"controller.unconfinedNamespaces (--unconfined-namespaces) does not list "+t.Namespace+" any more: no rule is in place until the spec is fixed"
	case a.resolved == nil:
		reason, message = v1alpha1.ReasonNoRule, "the spec is not accepted and there is no earlier rule: no rule is in place until the spec is fixed"
	case a.rule != nil:
		status, reason, c.inForce = metav1.ConditionTrue, v1alpha1.ReasonRuleApplied, a.resolved
		message = fmt.Sprintf("PrometheusRule %s is in the cluster", name)
	case isTerminating(s.rule, t):
		reason = v1alpha1.ReasonRulePending
		message = fmt.Sprintf("PrometheusRule %s is being removed, by hand or with an earlier AlertThreshold of this name: "+
			"it is made again as soon as it is gone", name)
	default:
		reason = v1alpha1.ReasonRuleConflict
		message = fmt.Sprintf("PrometheusRule %s exists and %s, so nothing was written: delete or rename it, or rename this AlertThreshold",
			name, describeOwner(s.rule))
	}
	c.programmed = condition(t, v1alpha1.ConditionProgrammed, status, reason, message)
	c.programmed.ObservedGeneration = generation
	c.ready = ready(c.accepted, c.programmed)
	return c
}

// specValid is the message of Accepted when there is nothing to say against the spec.
const specValid = "the spec is valid"

// accepted is the Accepted condition of a spec that is resolved, or has those errors. That its rule would be too large is no
// mistake in the spec: Programmed says so.
func accepted(t *v1alpha1.AlertThreshold, resolved *rules.Plan, errs field.ErrorList) metav1.Condition {
	if len(errs) > 0 && !rules.TooLarge(errs) {
		return condition(t, v1alpha1.ConditionAccepted, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec, errs.ToAggregate().Error())
	}
	if resolved == nil {
		return acceptedWith(t, nil, false)
	}
	return acceptedWith(t, resolved.Warnings, resolved.Value.IsUnconfined)
}

// acceptedWith is the Accepted condition of a valid spec with those warnings.
func acceptedWith(t *v1alpha1.AlertThreshold, warnings []string, isUnconfined bool) metav1.Condition {
	message := specValid
	if isUnconfined {
		message += "; spec.expr may read series of every namespace, as controller.unconfinedNamespaces (--unconfined-namespaces) lists " + t.Namespace
	}
	if len(warnings) > 0 {
		message += ", but " + strings.Join(warnings, "; ")
	}
	return condition(t, v1alpha1.ConditionAccepted, metav1.ConditionTrue, v1alpha1.ReasonValid, message)
}

// ready is the condition Ready: it fails with the first of the two that fails. A threshold that deliberately has no rule is
// ready, so that nobody waits for it in vain.
func ready(accepted, programmed metav1.Condition) metav1.Condition {
	c := metav1.Condition{
		Type:               v1alpha1.ConditionReady,
		Status:             metav1.ConditionTrue,
		ObservedGeneration: accepted.ObservedGeneration,
		Reason:             v1alpha1.ReasonReady,
		Message:            "the spec is accepted and its rule is in the cluster",
	}
	for _, cause := range []metav1.Condition{accepted, programmed} {
		if cause.Status != metav1.ConditionTrue {
			c.Status, c.Reason, c.Message = metav1.ConditionFalse, cause.Reason, cause.Message
			break
		}
	}
	if accepted.Status == metav1.ConditionTrue && isInactive(programmed) {
		c.Status = metav1.ConditionTrue
	}
	return c
}

// isInactive reports whether the condition says that there is deliberately no rule.
func isInactive(c metav1.Condition) bool {
	return c.Reason == v1alpha1.ReasonOff || c.Reason == v1alpha1.ReasonSuperseded
}

// maxMessage is the longest message, in bytes, that a condition gets. The API server takes 32 KiB, but a message may
// quote a whole annotation.
const maxMessage = 4096

// condition makes a condition of the threshold's present generation.
func condition(t *v1alpha1.AlertThreshold, conditionType string, status metav1.ConditionStatus, reason, message string) metav1.Condition {
	return metav1.Condition{
		Type:               conditionType,
		Status:             status,
		ObservedGeneration: t.Generation,
		Reason:             reason,
		Message:            observe.Truncate(message, maxMessage),
	}
}
