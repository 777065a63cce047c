package v1alpha1

// Types of an AlertThreshold's conditions.
const (
	// ConditionAccepted is True when the spec is valid. Its message otherwise names every wrong field and its fix.
	ConditionAccepted = "Accepted"
	// ConditionProgrammed is True when the PrometheusRule made from the condition's observedGeneration is in the cluster.
	ConditionProgrammed = "Programmed"
	// ConditionLoaded is True when Prometheus holds the rule's expressions and evaluates them without error; Unknown
	// while it cannot be asked. It is absent when the controller is not told of a Prometheus.
	ConditionLoaded = "Loaded"
	// ConditionReady is True when the present generation is accepted and programmed: what was applied is in the cluster.
	// Whether Prometheus has taken it is Loaded's to say, so that nobody's deployment waits for it. Ready is True also for
	// a threshold that deliberately has no rule: mode Off, or a superseded default.
	ConditionReady = "Ready"
	// ConditionMeasurable is True when the buckets of the histogram that the value is a quantile of can show every level;
	// Unknown when they could not be read. It is absent for other values, and when the controller is not told of a Prometheus.
	// Ready does not depend on it.
	ConditionMeasurable = "Measurable"
	// ConditionContested is True while another controller watches the namespace too, and absent otherwise.
	ConditionContested = "Contested"
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
	// ReasonNoRule: the spec is not accepted and there is no earlier rule: no rule is in place.
	ReasonNoRule = "NoRule"
	// ReasonOff: mode is Off: no rule is in place.
	ReasonOff = "Off"
	// ReasonSuperseded: the threshold is a default (plimsoll.dev/default: "true") and another threshold of the namespace
	// has the same alert: the rule has been removed. It comes back when that one goes.
	ReasonSuperseded = "Superseded"
	// ReasonRuleTooLarge: the rule would be larger than the cap. Shorten the expression, annotations or levels.
	ReasonRuleTooLarge = "RuleTooLarge"
	// ReasonRuleConflict: a PrometheusRule of that name exists and is not ours. Rename or delete one of the two.
	ReasonRuleConflict = "RuleConflict"
	// ReasonRulePending: the rule is being removed, by hand or with a deleted predecessor; it is made again after that.
	ReasonRulePending = "RulePending"
	// ReasonOperatorMissing: the cluster does not know the kind PrometheusRule. Install the Prometheus Operator.
	ReasonOperatorMissing = "OperatorMissing"
	// ReasonRuleRefused: the API server, or one of its webhooks, finds the rule invalid. The message is its own.
	ReasonRuleRefused = "RuleRefused"
	// ReasonApplyFailed: the API server did not let the rule be read or written; tried again with growing pauses.
	ReasonApplyFailed = "ApplyFailed"
)

// Reasons of ConditionLoaded.
const (
	// ReasonLoaded: Prometheus holds the rule as it should be and evaluates it.
	ReasonLoaded = "Loaded"
	// ReasonNotYetLoaded: the rule was written and Prometheus does not have it yet.
	ReasonNotYetLoaded = "NotYetLoaded"
	// ReasonNotYetEvaluated: Prometheus has the rule and has not evaluated it yet, as after a start.
	ReasonNotYetEvaluated = "NotYetEvaluated"
	// ReasonNotSelected: no Prometheus or ThanosRuler selects the rule. The message has the labels that each asks for.
	ReasonNotSelected = "NotSelected"
	// ReasonEvaluationFailed: Prometheus cannot evaluate the rule. The message is Prometheus' own.
	ReasonEvaluationFailed = "EvaluationFailed"
	// ReasonExpressionDiffers: Prometheus holds other expressions than the rule has, an earlier generation's as a rule.
	ReasonExpressionDiffers = "ExpressionDiffers"
	// ReasonPrometheusUnreachable: Prometheus does not answer. The message says why; asked again at every interval.
	ReasonPrometheusUnreachable = "PrometheusUnreachable"
)

// Reasons of ConditionMeasurable.
const (
	// ReasonBucketsFit: every level is a bound, or lies in a bucket that is narrow enough.
	ReasonBucketsFit = "BucketsFit"
	// ReasonBeyondBuckets: a level is never crossed, or always, by what the buckets can show. Choose one between their bounds.
	ReasonBeyondBuckets = "BeyondBuckets"
	// ReasonInsideBucket: a level lies inside a wide bucket, so what fires is a guess. Choose one of its bounds.
	ReasonInsideBucket = "InsideBucket"
	// ReasonBucketsUnknown: Prometheus has no such buckets, or did not answer. The message says which.
	ReasonBucketsUnknown = "BucketsUnknown"
)

// ReasonSeveralControllers is the reason of ConditionContested: one controller answers for a namespace, and the message
// names those that stand back. Uninstall them, or tell each which namespaces to watch.
const ReasonSeveralControllers = "SeveralControllers"

// ReasonReady is the reason of ConditionReady when True; else it has the reason of the condition that is in the way.
const ReasonReady = "Ready"

// ReasonRuleRestored is the reason of the event that tells that a changed or deleted rule has been put back.
const ReasonRuleRestored = "RuleRestored"

// ReasonBacktestFailed is the reason of the event that tells why there is no backtest.
const ReasonBacktestFailed = "BacktestFailed"

// ReasonSpecWarning is the reason of the event that tells what is doubtful about a valid spec.
const ReasonSpecWarning = "SpecWarning"

// Annotations of a PrometheusRule.
const (
	// GenerationAnnotation holds the generation of the AlertThreshold that the rule was made from.
	GenerationAnnotation = "plimsoll.dev/generation"
	// UnconfinedAnnotation is "true" on a rule whose expression may read series of every namespace.
	UnconfinedAnnotation = "plimsoll.dev/unconfined"
	// RuleLabelsAnnotation holds the names of the labels that the controller has put on the rule, separated by commas.
	RuleLabelsAnnotation = "plimsoll.dev/rule-labels"
)

// DefaultLabel marks, with the value "true", a threshold that another one of the same namespace and alert supersedes.
const DefaultLabel = "plimsoll.dev/default"
