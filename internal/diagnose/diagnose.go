// Package diagnose tells why the alert of a threshold reaches nobody. It checks every step from the spec to Alertmanager,
// and is pure: its input was read before.
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
	// Rules are the controller's options, by which the rule was made.
	Rules rules.Options
	// Rule is the threshold's PrometheusRule, nil when there is none; RuleErr is why it could not be read.
	Rule    *monitoringv1.PrometheusRule
	RuleErr error
	// Prometheus is nil when it was not queried.
	Prometheus *Prometheus
}

func (in Input) key() types.NamespacedName {
	return types.NamespacedName{Namespace: in.Threshold.Namespace, Name: in.Threshold.Name}
}

// Prometheus is what a Prometheus and its Alertmanagers answered.
type Prometheus struct {
	// Err is why Prometheus did not answer; then nothing else counts.
	Err      error
	Snapshot *observe.Snapshot
	// NoNamespace says that rules.Value's NoNamespace has a sample.
	NoNamespace bool
	// Firing are the samples of ALERTS for the threshold's firing alerts.
	Firing model.Vector
	// Buckets are those of the histogram that the value is a quantile of, nil for another value; BucketsErr is why they are unknown.
	Buckets    *bucket.Histogram
	BucketsErr error
	// Alertmanagers are those that Prometheus sends to, or the one that was named; AlertmanagersErr is why they are unknown.
	Alertmanagers    []Alertmanager
	AlertmanagersErr error
}

// Report is the diagnosis of a threshold.
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

// Threshold checks every step from the spec to Alertmanager, until one fails that all others depend on.
func Threshold(in Input) Report {
	r := Report{State: v1alpha1.StateUnknown}
	r.add("resource", OK, "generation %d", in.Threshold.Generation)
	plan, errs := in.Rules.Resolve(in.Threshold)
	r.accepted(in.Threshold, errs)
	if plan == nil || !r.rule(in, plan) {
		return r
	}
	if in.Prometheus == nil {
		r.add("loaded", Unknown, "Prometheus was not queried: use --prometheus-url URL")
		return r
	}
	if in.Prometheus.Err != nil {
		r.add("loaded", Fail, "%v", in.Prometheus.Err)
		return r
	}
	now := evaluate(in, plan)
	r.State, r.Current, r.Headroom = now.State, now.Current, now.Headroom
	r.loaded(now)
	r.evaluated(in, now)
	r.series(in, plan, now)
	r.buckets(*in.Prometheus, plan)
	r.levels(in, plan, now)
	r.alertmanager(*in.Prometheus)
	return r
}
