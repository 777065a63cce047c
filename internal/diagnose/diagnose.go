// Package diagnose tells why the alert of a threshold, or of any rule, reaches nobody. It checks every step from the spec to
// Alertmanager, and is pure: its input was read before.
package diagnose

import (
	"fmt"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/bucket"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Result is the outcome of a check.
type Result string

const (
	// OK means that the check passed.
	OK Result = "OK"
	// Fail means that no alert gets past this step.
	Fail Result = "FAIL"
	// Unknown means that what is checked could not be read.
	Unknown Result = "?"
	// NotApplicable means that there is nothing to check: no level is crossed, or an earlier check failed.
	NotApplicable Result = "-"
)

// Check is the result of checking one step between the spec and a receiver.
type Check struct {
	Name   string `json:"name"`
	Result Result `json:"result"`
	// Detail is the finding and, for a failed check, the fix.
	Detail string `json:"detail"`
}

// Input is what was read about a threshold.
type Input struct {
	Now       time.Time
	Threshold *v1alpha1.AlertThreshold
	// OfFile says that the threshold is one of a file: of the cluster nothing is known.
	OfFile bool
	// Rules are the controller's options, by which the rule was made.
	Rules rules.Options
	// Rule is the threshold's PrometheusRule, nil when there is none; RuleErr is why it could not be read.
	Rule    *monitoringv1.PrometheusRule
	RuleErr error
	// Prometheus is nil when it was not queried.
	Prometheus *Prometheus
}

// Prometheus is what a Prometheus and its Alertmanagers answered.
type Prometheus struct {
	// Err is why Prometheus did not answer; then nothing else counts.
	Err      error
	Snapshot *observe.Snapshot
	// NoNamespace says that rules.Value's NoNamespace has a sample.
	NoNamespace bool
	// Outside says where series are that the value is meant to be of, and that are not of the namespace.
	Outside []string
	// Firing are the samples of ALERTS for the firing alerts.
	Firing model.Vector
	// Buckets are those of the histogram that the value is a quantile of, nil for another value; BucketsErr is why they are unknown.
	Buckets    *bucket.Histogram
	BucketsErr error
	// Alertmanagers are those that Prometheus sends to, or the one that was named; AlertmanagersErr is why they are unknown.
	Alertmanagers    []Alertmanager
	AlertmanagersErr error
}

// Report is the diagnosis of a threshold or a rule.
type Report struct {
	// State, Current, Headroom and Levels are those of the resource's status, as they are now.
	State    v1alpha1.State         `json:"state"`
	Current  string                 `json:"current,omitempty"`
	Headroom string                 `json:"headroom,omitempty"`
	Levels   []v1alpha1.LevelStatus `json:"levels,omitempty"`
	Checks   []Check                `json:"links"`
}

// Healthy reports whether no check failed.
func (r Report) Healthy() bool {
	for _, check := range r.Checks {
		if check.Result == Fail {
			return false
		}
	}
	return true
}

func (r *Report) add(name string, result Result, format string, args ...any) {
	r.Checks = append(r.Checks, Check{name, result, fmt.Sprintf(format, args...)})
}

// addCondition adds a check that has the status and message of a condition.
func (r *Report) addCondition(name string, status metav1.ConditionStatus, message string) {
	result := Unknown
	switch status {
	case metav1.ConditionTrue:
		result = OK
	case metav1.ConditionFalse:
		result = Fail
	}
	r.add(name, result, "%s", message)
}

// Missing is the diagnosis of what is not there, as the check says.
func Missing(check string, err error) Report {
	return Report{State: v1alpha1.StateUnknown, Checks: []Check{{check, Fail, err.Error()}}}
}

// Threshold checks every step from the spec to Alertmanager, until one fails that all others depend on.
func Threshold(in Input) Report {
	r := Report{State: v1alpha1.StateUnknown}
	plan, errs := in.Rules.Resolve(in.Threshold)
	if in.OfFile {
		r.written(plan, errs)
	} else {
		r.add("resource", OK, "generation %d", in.Threshold.Generation)
		r.accepted(in.Threshold, errs)
	}
	if plan != nil && plan.Value.IsUnconfined {
		r.add("namespace", OK, "spec.expr may read series of every namespace, as the controller's --unconfined-namespaces lists %s", plan.Namespace)
	}
	if plan == nil || !r.rule(in, plan) || !r.queried(in.Prometheus) {
		return r
	}
	s := trackedRule{
		now: in.Now, key: types.NamespacedName{Namespace: plan.Namespace, Name: plan.Name}, prometheus: in.Prometheus,
		observation: evaluate(in, plan), levels: plan.Levels, shadow: plan.Mode == v1alpha1.ModeShadow,
		title: plan.Value.Title, expr: plan.Value.Expr, implied: []string{rules.NamespaceLabel, rules.ThresholdLabel}, plan: plan,
		emptyWhenHealthy: plan.Value.EmptyWhenHealthy, ofFile: in.OfFile,
	}
	for _, level := range plan.Levels {
		s.written = append(s.written, level.String())
	}
	r.follow(s)
	return r
}

// queried shows why nothing is known of Prometheus, and reports whether something is.
func (r *Report) queried(p *Prometheus) bool {
	switch {
	case p == nil:
		r.add("loaded", Unknown, "Prometheus was not queried: use --prometheus-url URL")
	case p.Err != nil:
		r.add("loaded", Fail, "%v", p.Err)
	}
	return p != nil && p.Err == nil
}

// trackedRule is a rule in Prometheus: a threshold's, or any other.
type trackedRule struct {
	now         time.Time
	key         types.NamespacedName
	prometheus  *Prometheus
	observation observe.Observation
	levels      []rules.Level
	// written are the levels as people read them; empty for a rule that has none.
	written []string
	shadow  bool
	// title is what the value is called, and expr what gives it.
	title, expr string
	// implied are the labels that are the same for every series and alert.
	implied []string
	// plan is the threshold's; nil of any other rule.
	plan *rules.Plan
	// emptyWhenHealthy says that no value is a good state.
	emptyWhenHealthy bool
	// sparse says that it is nothing unusual when there is no value.
	sparse bool
	// ofFile says that the value was asked for whether the rule is loaded or not.
	ofFile bool
}

// follow checks every step from Prometheus to the receiver.
func (r *Report) follow(s trackedRule) {
	now := s.observation
	r.State, r.Current, r.Headroom = now.State, now.Current, now.Headroom
	r.loaded(now)
	r.evaluated(s)
	if len(s.written) > 0 {
		r.series(s)
	}
	if s.plan != nil {
		r.buckets(*s.prometheus, s.plan)
	}
	r.levels(s)
	r.alertmanager(s)
}
