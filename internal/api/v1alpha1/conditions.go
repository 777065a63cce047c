package v1alpha1

// Types of an AlertThreshold's conditions.
const (
	// ConditionAccepted is True when the spec is valid. Its message otherwise names every wrong field and its fix.
	ConditionAccepted = "Accepted"
	// ConditionProgrammed is True when the PrometheusRule made from the condition's observedGeneration is in the cluster.
	ConditionProgrammed = "Programmed"
	// ConditionReady is True when the present generation is accepted and programmed.
	ConditionReady = "Ready"
)

// Reasons of ConditionAccepted.
const (
	// ReasonValid: the spec is valid.
	ReasonValid = "Valid"
	// ReasonInvalidSpec: fields of the spec are wrong; the last good rule, if there is one, stays. Fix the spec.
	ReasonInvalidSpec = "InvalidSpec"
)

// Reasons of ConditionProgrammed.
const (
	// ReasonRuleApplied: the PrometheusRule is as the present generation wants it.
	ReasonRuleApplied = "RuleApplied"
	// ReasonLastGoodRule: the spec is not accepted and the rule of the last accepted generation stays.
	ReasonLastGoodRule = "LastGoodRule"
	// ReasonNoRule: the spec is not accepted and there is no earlier rule: nothing is watched.
	ReasonNoRule = "NoRule"
	// ReasonRuleConflict: a PrometheusRule of that name exists and is not ours. Rename or delete one of the two.
	ReasonRuleConflict = "RuleConflict"
	// ReasonRulePending: the rule is being removed, by hand or with a deleted predecessor; it is made anew after that.
	ReasonRulePending = "RulePending"
	// ReasonOperatorMissing: the cluster does not know the kind PrometheusRule. Install the Prometheus Operator.
	ReasonOperatorMissing = "OperatorMissing"
	// ReasonApplyFailed: the API server did not let the rule be read or written; tried again with growing pauses.
	ReasonApplyFailed = "ApplyFailed"
)

// ReasonReady is the reason of ConditionReady when True; else it has the reason of the condition that is in the way.
const ReasonReady = "Ready"

// ReasonRuleRestored is the reason of the event that tells that a changed or deleted rule has been put back.
const ReasonRuleRestored = "RuleRestored"

// GenerationAnnotation is the annotation of a PrometheusRule that holds the generation of the AlertThreshold it was made
// from.
const GenerationAnnotation = "plimsoll.dev/generation"
