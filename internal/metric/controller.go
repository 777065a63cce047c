package metric

// Operations on PrometheusRules, the values of the operation label.
const (
	RuleCreate = "create"
	RuleUpdate = "update"
	RuleDelete = "delete"
)

// OutcomeConflict is the outcome of a write that the API server rejected because the rule had changed; it is retried. The
// other outcomes are StatusSuccess and StatusError.
const OutcomeConflict = "conflict"

// Why a reconciliation failed, the values of the reason label.
const (
	ReasonConflict    = "conflict"
	ReasonForbidden   = "forbidden"
	ReasonRefused     = "refused"
	ReasonUnavailable = "unavailable"
)

// The controller's own metrics. No label names a threshold: the number of series does not grow with the resources.
var (
	Thresholds = Metric{
		Name: "plimsoll_thresholds", Type: Gauge, Labels: []string{"mode", "ready", "loaded", "state"},
		Help: "AlertThresholds by mode, conditions Ready and Loaded, and state; of the leading replica only.",
	}
	RuleWrites = Metric{
		Name: "plimsoll_rule_writes_total", Type: Counter, Labels: []string{"operation", "outcome"},
		Help: "Writes of PrometheusRules; operation is create, update or delete, outcome success, conflict or error.",
	}
	ReconcileErrors = Metric{
		Name: "plimsoll_reconcile_errors_total", Type: Counter, Labels: []string{"reason"},
		Help: "Reconciliations that failed and are tried again; reason is conflict, forbidden, refused, unavailable or other.",
	}
	RulesTooLarge = Metric{
		Name: "plimsoll_rules_too_large_total", Type: Counter,
		Help: "PrometheusRules that were not written because they exceed the size cap.",
	}
)

// Controller returns the controller's own metrics.
func Controller() []Metric {
	return []Metric{Thresholds, RuleWrites, ReconcileErrors, RulesTooLarge, Forecasts}
}

// RuleOperations returns every operation on PrometheusRules.
func RuleOperations() []string { return []string{RuleCreate, RuleUpdate, RuleDelete} }

// RuleOutcomes returns every outcome of an operation.
func RuleOutcomes() []string { return []string{StatusSuccess, OutcomeConflict, StatusError} }

// ReconcileErrorReasons returns every reason of a failed reconciliation.
func ReconcileErrorReasons() []string {
	return []string{ReasonConflict, ReasonForbidden, ReasonRefused, ReasonUnavailable, Other}
}
