package chain

import (
	"fmt"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// observed is what observe says of the snapshot, when the rule has been there since it was last written: so one that was
// written a moment ago is given its time. Since when lines have been crossed that nothing alerts of, the status says.
func observed(seen Seen, plan *rules.Plan) observe.Observation {
	subject := observe.NewSubject(plan)
	subject.ResumeLevels(&seen.Threshold.Status, seen.Threshold.Generation)
	if seen.Rule != nil {
		subject.MissingSince(written(seen.Rule))
	}
	subject.Observe(seen.Prometheus.Snapshot)
	return *subject.Published()
}

// written is when somebody last wrote the rule.
func written(rule *monitoringv1.PrometheusRule) time.Time {
	last := rule.CreationTimestamp.Time
	for _, entry := range rule.ManagedFields {
		if entry.Time != nil && entry.Time.After(last) {
			last = entry.Time.Time
		}
	}
	return last
}

// loaded checks that Prometheus has the rule. That it cannot evaluate it is the next link's.
func (r *Report) loaded(now observe.Observation) {
	switch verdict := now.Loaded; {
	case verdict.Status == metav1.ConditionTrue:
		r.add("loaded", OK, "%s", verdict.Message)
	case verdict.Reason == v1alpha1.ReasonEvaluationFailed:
		r.add("loaded", OK, "Prometheus holds the rule")
	case verdict.Status == metav1.ConditionFalse:
		r.add("loaded", Fail, "%s", verdict.Message)
	default:
		r.add("loaded", Unknown, "%s", verdict.Message)
	}
}

// evaluated checks that Prometheus evaluates the group without error, and still does.
func (r *Report) evaluated(seen Seen) {
	group := seen.Prometheus.Group
	if group == nil {
		r.add("evaluated", Idle, "there is nothing to evaluate")
		return
	}
	for _, rule := range group.Rules {
		if rule.Health == prometheusv1.RuleHealthBad {
			r.add("evaluated", Fail, "Prometheus cannot evaluate the rule %s: %s", rule.Name, rule.LastError)
			return
		}
	}
	interval := time.Duration(group.Interval * float64(time.Second))
	ago := seen.Now.Sub(group.LastEvaluation).Round(time.Second)
	switch {
	case group.LastEvaluation.IsZero():
		r.add("evaluated", Unknown, "Prometheus has not evaluated the rule yet: it does so every %s", model.Duration(interval))
	case ago > max(2*interval, time.Minute):
		r.add("evaluated", Fail, "last %s ago, though it is due every %s: look at prometheus_rule_group_iterations_missed_total", ago, model.Duration(interval))
	default:
		r.add("evaluated", OK, "%s ago, without error", max(ago, 0))
	}
}

// series checks that the signal has a value.
func (r *Report) series(seen Seen, plan *rules.Plan, now observe.Observation) {
	switch n := len(seen.Prometheus.Signal); {
	case n == 0 && seen.Prometheus.Group == nil:
		r.add("series", Idle, "nothing is recorded")
	case n == 0:
		r.add("series", Fail, "%s has no value: check that these series exist, and that there is traffic: %s", plan.Value.Title, plan.Value.Expr)
	default:
		r.add("series", OK, "%s is %s%s%s", plan.Value.Title, now.Current, told(now.CurrentLabels), ofAll(n))
	}
}

// told are the labels that tell a series from the others of its threshold, with a blank before them; empty for none.
func told(set map[string]string) string {
	left := labels.NewBuilder(labels.FromMap(set)).Del(rules.NamespaceLabel, rules.ThresholdLabel, model.MetricNameLabel).Labels()
	if left.IsEmpty() {
		return ""
	}
	return " " + left.String()
}

func ofAll(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(", the worst of %d series", n)
}
