package controller

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// operatorRetry is how long to wait before asking again for a kind that the API server does not know: no watch tells
// when it comes.
const operatorRetry = 15 * time.Second

// decision is what is to be done for one threshold and what its status is to say.
type decision struct {
	// plan is nil when the spec is not accepted.
	plan *rules.Plan
	// apply says to write the plan's rule; programmed is then what holds once that is done.
	apply                bool
	accepted, programmed metav1.Condition
	// lookAgain is when to reconcile again though nothing may have happened; zero for never.
	lookAgain time.Duration
	// fault is what went wrong and is worth trying again.
	fault error
}

// decide judges the spec and what was seen. It is pure.
func decide(t *v1alpha1.AlertThreshold, seen observed) decision {
	plan, errs := rules.Resolve(t)
	d := decision{plan: plan, accepted: accepted(t, errs)}
	switch {
	case seen.fault != nil:
		return d.failed(t, "read", seen.fault)
	case seen.operatorMissing:
		return d.withoutOperator(t)
	case plan == nil:
		d.programmed = lastGood(t, seen.rule)
	case seen.rule == nil, isOurs(seen.rule, t) && !isLeaving(seen.rule, t):
		d.apply = true
		d.programmed = condition(t, v1alpha1.ConditionProgrammed, true, v1alpha1.ReasonRuleApplied,
			fmt.Sprintf("PrometheusRule %s is in the cluster", rules.Name(t.Name)))
	case isLeaving(seen.rule, t):
		d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonRulePending,
			fmt.Sprintf("PrometheusRule %s is being removed, by hand or with an earlier AlertThreshold of this name: "+
				"it is made anew as soon as it is gone", seen.rule.Name))
	default:
		d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonRuleConflict,
			fmt.Sprintf("PrometheusRule %s exists and %s, so nothing was written: delete or rename it, or rename this AlertThreshold",
				seen.rule.Name, belongsTo(seen.rule)))
	}
	return d
}

// accepted is the Accepted condition of a spec with those errors.
func accepted(t *v1alpha1.AlertThreshold, errs field.ErrorList) metav1.Condition {
	if len(errs) > 0 {
		return condition(t, v1alpha1.ConditionAccepted, false, v1alpha1.ReasonInvalidSpec, errs.ToAggregate().Error())
	}
	return condition(t, v1alpha1.ConditionAccepted, true, v1alpha1.ReasonValid, "the spec is valid")
}

// lastGood is the Programmed condition while the spec is not accepted: what is in the cluster stays as it is.
func lastGood(t *v1alpha1.AlertThreshold, rule *metav1.PartialObjectMetadata) metav1.Condition {
	if rule == nil || !isOurs(rule, t) || isLeaving(rule, t) {
		return condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonNoRule,
			"the spec is not accepted and there is no earlier rule: nothing is watched until the spec is fixed")
	}
	generation := madeFrom(rule)
	kept := condition(t, v1alpha1.ConditionProgrammed, true, v1alpha1.ReasonLastGoodRule,
		fmt.Sprintf("PrometheusRule %s of generation %d stays until the spec is fixed", rule.Name, generation))
	kept.ObservedGeneration = generation
	return kept
}

func (d decision) withoutOperator(t *v1alpha1.AlertThreshold) decision {
	d.apply = false
	d.lookAgain = operatorRetry
	d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonOperatorMissing,
		"the cluster does not know "+ruleKind.GroupVersion().String()+" PrometheusRule: install the Prometheus Operator or its CRDs; tried again until then")
	return d
}

// failed is the decision when the rule could not be read or written; verb says which.
func (d decision) failed(t *v1alpha1.AlertThreshold, verb string, err error) decision {
	d.apply = false
	d.fault = err
	d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonApplyFailed,
		fmt.Sprintf("PrometheusRule %s could not be %s, tried again: %v", rules.Name(t.Name), verb, err))
	return d
}
