package diagnose

import (
	"fmt"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// RuleInput is what was read about an alerting rule that is no threshold's.
type RuleInput struct {
	Now  time.Time
	Rule alert.Rule
	// Object is the PrometheusRule that has the rule; nil when it is one of a file.
	Object *monitoringv1.PrometheusRule
	// Prometheus is nil when it was not queried.
	Prometheus *Prometheus
}

// Rule checks every step from the PrometheusRule to Alertmanager, until one fails that all others depend on.
func Rule(in RuleInput) Report {
	r := Report{State: v1alpha1.StateUnknown}
	if in.Object == nil {
		r.add("file", OK, "%s has %s/%s in line %d", in.Rule.File, in.Rule.Group, in.Rule.Name, in.Rule.Line)
	} else {
		r.add("rule", OK, "PrometheusRule %s/%s has %s/%s", in.Rule.Namespace, in.Rule.Object, in.Rule.Group, in.Rule.Name)
	}
	if !r.queried(in.Prometheus) {
		return r
	}
	tracked := observe.NewTrackedRule(in.Rule)
	if in.Object == nil {
		tracked.SetOfFile()
	} else {
		tracked.SetAbsentSince(lastWritten(in.Object))
	}
	tracked.Observe(in.Prometheus.Snapshot)
	level, noLevel := backtest.RuleLevel(in.Rule)
	s := trackedRule{
		now: in.Now, key: observe.RuleKey(in.Rule), prometheus: in.Prometheus, observation: *tracked.Published(),
		levels: []rules.Level{level}, title: "the value", sparse: true, ofFile: in.Object == nil,
	}
	if split, _ := in.Rule.Split(); noLevel == nil {
		s.written, s.expr = []string{fmt.Sprintf("%s %g", split.Op, split.Level)}, split.Value
	}
	r.follow(s)
	return r
}
