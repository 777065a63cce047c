package diagnose

import (
	"strings"
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
	tracked := observe.NewTrackedThreshold(plan)
	if in.OfFile {
		tracked.SetOfFile()
	}
	tracked.ResumeLevels(&in.Threshold.Status, in.Threshold.Generation)
	if in.Rule != nil {
		tracked.SetAbsentSince(lastWritten(in.Rule))
	}
	tracked.Observe(in.Prometheus.Snapshot)
	return *tracked.Published()
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
func (r *Report) evaluated(s trackedRule) {
	snapshot := s.prometheus.Snapshot
	interval := model.Duration(snapshot.Interval)
	ago := s.now.Sub(snapshot.Evaluated).Round(time.Second)
	switch {
	case s.observation.Loaded.Reason == v1alpha1.ReasonEvaluationFailed:
		r.add("evaluated", Fail, "%s", s.observation.Loaded.Message)
	case !snapshot.Holds(s.key):
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
func (r *Report) series(s trackedRule) {
	now, why := s.observation, s.prometheus.Snapshot.Kind(s.key).WhyNoValue()
	isKnown := s.prometheus.Snapshot.Holds(s.key) || s.ofFile
	switch n := len(s.prometheus.Snapshot.Values(s.key)); {
	case n > 1:
		r.add("series", OK, "%s is %s%s, the worst of %d series", s.title, now.Current, formatLabels(now.CurrentLabels, s.implied...), n)
	case n == 1:
		r.add("series", OK, "%s is %s%s", s.title, now.Current, formatLabels(now.CurrentLabels, s.implied...))
	case s.prometheus.NoNamespace:
		r.add("series", Fail, "%s has no value: %s", s.title, rules.NoNamespaceHint)
	case why == "" && len(s.prometheus.Outside) > 0:
		r.add("series", Fail, "%s has no value: %s", s.title, strings.Join(s.prometheus.Outside, "; "))
	case why != "" && s.sparse:
		r.add("series", NotApplicable, "there is no value to compare: %s: %s", why, s.expr)
	case why != "":
		r.add("series", Fail, "%s has no value: %s%s: %s", s.title, why, s.noDataNote(), s.expr)
	case s.emptyWhenHealthy && isKnown:
		r.add("series", OK, "%s is not there, as while all is well; if it never is, check that these series exist: %s", s.title, s.expr)
	case s.sparse && isKnown:
		r.add("series", NotApplicable, "there is no value to compare: if there should be one, check that these series exist: %s", s.expr)
	case isKnown:
		r.add("series", Fail, "%s has no value: check that these series exist, and that there is traffic: %s", s.title, s.expr)
	default:
		r.add("series", NotApplicable, "nothing is recorded")
	}
}

// noDataNote says where noData: Alert does not tell of series without a number.
func (s trackedRule) noDataNote() string {
	if s.plan != nil && s.plan.NoData == v1alpha1.NoDataAlert && s.plan.Value.Absent != "" {
		return "; noData: Alert is for series that are not there, and does not fire for that"
	}
	return ""
}

// formatLabels formats the labels that distinguish a series, after a space; empty without any.
func formatLabels(set map[string]string, without ...string) string {
	if left := labels.NewBuilder(labels.FromMap(set)).Del(model.MetricNameLabel).Del(without...).Labels(); !left.IsEmpty() {
		return " " + left.String()
	}
	return ""
}
