package diagnose

import (
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// evaluate derives what the status should say from the snapshot. The rule is taken to be expected since it was last written,
// and a Shadow's levels to be crossed since the time that the status has.
func evaluate(in Input, plan *rules.Plan) observe.Observation {
	subject := observe.NewTrackedThreshold(plan)
	subject.ResumeLevels(&in.Threshold.Status, in.Threshold.Generation)
	if in.Rule != nil {
		subject.SetAbsentSince(lastWritten(in.Rule))
	}
	subject.Observe(in.Prometheus.Snapshot)
	return *subject.Published()
}

// lastWritten returns when the rule was last written, by anybody.
func lastWritten(rule *monitoringv1.PrometheusRule) time.Time {
	latest := rule.CreationTimestamp.Time
	for _, entry := range rule.ManagedFields {
		if entry.Time != nil && entry.Time.After(latest) {
			latest = entry.Time.Time
		}
	}
	return latest
}

// loaded shows the condition Loaded, of which failed evaluation is the next check.
func (r *Report) loaded(now observe.Observation) {
	if now.Loaded.Reason == v1alpha1.ReasonEvaluationFailed {
		r.add("loaded", OK, "Prometheus has loaded the rule")
		return
	}
	r.addCondition("loaded", now.Loaded.Status, now.Loaded.Message)
}

// evaluated checks that Prometheus evaluates the rules without error, and at its interval.
func (r *Report) evaluated(in Input, now observe.Observation) {
	snapshot := in.Prometheus.Snapshot
	interval := model.Duration(snapshot.Interval)
	ago := in.Now.Sub(snapshot.Evaluated).Round(time.Second)
	switch {
	case now.Loaded.Reason == v1alpha1.ReasonEvaluationFailed:
		r.add("evaluated", Fail, "%s", now.Loaded.Message)
	case !snapshot.Holds(in.key()):
		r.add("evaluated", NotApplicable, "there is nothing to evaluate")
	case snapshot.Evaluated.IsZero():
		r.add("evaluated", Unknown, "Prometheus has not evaluated the rule yet: it does so every %s", interval)
	case ago > max(2*snapshot.Interval, time.Minute):
		r.add("evaluated", Fail, "the last evaluation was %s ago, and the interval is %s: check prometheus_rule_group_iterations_missed_total", ago, interval)
	default:
		r.add("evaluated", OK, "%s ago, every %s", max(ago, 0), interval)
	}
}

// series checks that the signal has a value.
func (r *Report) series(in Input, plan *rules.Plan, now observe.Observation) {
	key := in.key()
	switch n := len(in.Prometheus.Snapshot.Values(key)); {
	case n > 1:
		r.add("series", OK, "%s is %s%s, the worst of %d series", plan.Value.Title, now.Current, formatLabels(now.CurrentLabels), n)
	case n == 1:
		r.add("series", OK, "%s is %s%s", plan.Value.Title, now.Current, formatLabels(now.CurrentLabels))
	case in.Prometheus.NoNamespace:
		r.add("series", Fail, "%s has no value: %s", plan.Value.Title, rules.NoNamespaceHint)
	case in.Prometheus.Snapshot.Holds(key) && plan.Value.EmptyWhenHealthy:
		r.add("series", OK, "%s is not there, as while all is well; if it never is, check that these series exist: %s", plan.Value.Title, plan.Value.Expr)
	case in.Prometheus.Snapshot.Holds(key):
		r.add("series", Fail, "%s has no value: check that these series exist, and that there is traffic: %s", plan.Value.Title, plan.Value.Expr)
	default:
		r.add("series", NotApplicable, "nothing is recorded")
	}
}

// formatLabels formats the labels that distinguish a series of a threshold, after a space; empty without any.
func formatLabels(set map[string]string, without ...string) string {
	builder := labels.NewBuilder(labels.FromMap(set)).Del(rules.NamespaceLabel, rules.ThresholdLabel, model.MetricNameLabel)
	if left := builder.Del(without...).Labels(); !left.IsEmpty() {
		return " " + left.String()
	}
	return ""
}
