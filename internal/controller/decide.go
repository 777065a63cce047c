package controller

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// operatorRetry is how long to wait before asking again for a kind that the API server does not know: no watch tells
// when it comes.
const operatorPollInterval = 15 * time.Second

// decision is what is to be done for one threshold and what its status is to say.
type decision struct {
	// plan is nil when the spec is not accepted.
	plan *rules.Plan
	// want is the rule as it should be; nil when nothing is to be done about it.
	want *desiredRule
	// write says to write want; remove to delete the rule that was seen, which is ours, or a deleted predecessor's.
	// programmed is then what holds once that is done.
	write, remove        bool
	accepted, programmed metav1.Condition
	// linesStay says that the lines which the status has are still in force.
	levelsStay bool
	// known is what is known from Prometheus of the lines that are in force.
	known *known
	// lookAgain is when to reconcile again though nothing may have happened; zero for never.
	lookAgain time.Duration
	// fault is what went wrong and is worth trying again.
	fault error
}

// decide judges the spec and what was seen; ruleLabels are to be on every rule. It is pure.
func decide(t *v1alpha1.AlertThreshold, seen observed, ruleLabels map[string]string) decision {
	plan, errs := rules.Resolve(t)
	d := decision{plan: plan, accepted: accepted(t, plan, errs)}
	reason, because := inactiveReason(t, seen.superseders)
	switch {
	case seen.fault != nil:
		return d.failed(t, "read", seen.fault)
	case seen.operatorMissing:
		return d.withoutOperator(t)
	case reason != "":
		d.remove = seen.rule != nil && ownerNamed(seen.rule, t.Name) && seen.rule.DeletionTimestamp.IsZero()
		d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, reason, because)
		return d
	case rules.TooLarge(errs):
		return d.tooLarge(t, seen.rule, errs)
	case plan == nil:
		return d.withLastGood(t, seen.rule)
	case seen.rule == nil, isOurs(seen.rule, t) && !isTerminating(seen.rule, t):
		return d.withRule(t, seen.rule, ruleLabels)
	case isTerminating(seen.rule, t):
		d.remove = seen.rule.DeletionTimestamp.IsZero()
		d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonRulePending,
			fmt.Sprintf("PrometheusRule %s is being removed, by hand or with an earlier AlertThreshold of this name: "+
				"it is made anew as soon as it is gone", seen.rule.Name))
		return d
	default:
		d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonRuleConflict,
			fmt.Sprintf("PrometheusRule %s exists and %s, so nothing was written: delete or rename it, or rename this AlertThreshold",
				seen.rule.Name, describeOwner(seen.rule)))
		return d
	}
}

// mark is that of the rule as it should be; zero when there should be none.
func (d decision) mark() specHash {
	if d.want == nil {
		return specHash{}
	}
	return d.want.contentHash
}

// specValid is the message of Accepted when there is nothing to say against the spec.
const specValid = "the spec is valid"

// accepted is the Accepted condition of a spec that resolves to the plan, or has those errors. That its rule would be too
// large is no mistake in the spec: Programmed tells it.
func accepted(t *v1alpha1.AlertThreshold, plan *rules.Plan, errs field.ErrorList) metav1.Condition {
	if len(errs) > 0 && !rules.TooLarge(errs) {
		return condition(t, v1alpha1.ConditionAccepted, false, v1alpha1.ReasonInvalidSpec, errs.ToAggregate().Error())
	}
	message := specValid
	if plan != nil && len(plan.Warnings) > 0 {
		message += ", but " + strings.Join(plan.Warnings, "; ")
	}
	return condition(t, v1alpha1.ConditionAccepted, true, v1alpha1.ReasonValid, message)
}

// withdrawn is the reason why a threshold has no rule though nothing is wrong with it, and the reason in words; empty when
// it should have one.
func inactiveReason(t *v1alpha1.AlertThreshold, superseders []string) (reason, because string) {
	switch {
	case t.Spec.Mode == v1alpha1.ModeOff:
		return v1alpha1.ReasonOff, "spec.mode is Off: there is no rule, and nothing is watched"
	case len(superseders) > 0:
		return v1alpha1.ReasonSuperseded, fmt.Sprintf("this default has no rule because AlertThreshold %s has the alert %s too; "+
			"it comes back when that goes", strings.Join(superseders, ", "), t.Spec.Alert)
	}
	return "", ""
}

// withRule is the decision that the plan's rule should be there; existing is what is, ours, or nil.
func (d decision) withRule(t *v1alpha1.AlertThreshold, existing *ruleMetadata, ruleLabels map[string]string) decision {
	want, err := newDesiredRule(t, d.plan, ruleLabels)
	if err != nil {
		return d.failed(t, "made", err)
	}
	d.want = want
	d.write = existing == nil || existing.contentHash(want.labelNames) != want.contentHash
	d.programmed = condition(t, v1alpha1.ConditionProgrammed, true, v1alpha1.ReasonRuleApplied,
		fmt.Sprintf("PrometheusRule %s is in the cluster", rules.Name(t.Name)))
	return d
}

// withLastGood is the decision while the spec is not accepted: what is in the cluster stays as it is.
func (d decision) withLastGood(t *v1alpha1.AlertThreshold, rule *ruleMetadata) decision {
	if rule == nil || !isOurs(rule, t) || isTerminating(rule, t) {
		d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonNoRule,
			"the spec is not accepted and there is no earlier rule: nothing is watched until the spec is fixed")
		return d
	}
	generation := sourceGeneration(rule)
	d.levelsStay = true
	d.programmed = condition(t, v1alpha1.ConditionProgrammed, true, v1alpha1.ReasonLastGoodRule,
		fmt.Sprintf("PrometheusRule %s of generation %d stays until the spec is fixed", rule.Name, generation))
	d.programmed.ObservedGeneration = generation
	return d
}

// tooLarge is the decision about a rule that is larger than the cap, as errs say: what is in the cluster stays as it is.
func (d decision) tooLarge(t *v1alpha1.AlertThreshold, rule *ruleMetadata, errs field.ErrorList) decision {
	d = d.withLastGood(t, rule)
	stays := "nothing is watched until then"
	if d.levelsStay {
		stays = fmt.Sprintf("PrometheusRule %s of generation %d stays until then", rule.Name, sourceGeneration(rule))
	}
	d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonRuleTooLarge, errs.ToAggregate().Error()+"; "+stays)
	return d
}

func (d decision) withoutOperator(t *v1alpha1.AlertThreshold) decision {
	d.want, d.write, d.remove, d.levelsStay = nil, false, false, false
	d.lookAgain = operatorPollInterval
	d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonOperatorMissing,
		"the cluster does not know "+ruleKind.GroupVersion().String()+" PrometheusRule: install the Prometheus Operator or its CRDs; tried again until then")
	return d
}

// failed is the decision when the rule could not be read, made, written or removed; verb says which.
func (d decision) failed(t *v1alpha1.AlertThreshold, verb string, err error) decision {
	d.want, d.write, d.remove, d.levelsStay = nil, false, false, true
	d.fault = err
	d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonApplyFailed,
		fmt.Sprintf("PrometheusRule %s could not be %s, tried again: %v", rules.Name(t.Name), verb, err))
	return d
}

// refused is the decision when the API server will not have the rule as it is: trying again would not help.
func (d decision) refused(t *v1alpha1.AlertThreshold, err error) decision {
	d = d.failed(t, "written", err)
	d.fault = nil
	d.programmed = condition(t, v1alpha1.ConditionProgrammed, false, v1alpha1.ReasonRuleRefused,
		fmt.Sprintf("the API server refuses PrometheusRule %s, which is not tried again until the spec changes: %v", rules.Name(t.Name), err))
	return d
}
