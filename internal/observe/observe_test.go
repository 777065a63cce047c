package observe

import (
	"testing"
	"time"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// noon is when the snapshots of the tests are taken, and later ones are so much later.
var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const latency = `{alert: Slow, signal: {name: HTTPLatency, by: [endpoint]}, levels: [{severity: warning, above: 2s, for: 10m}, {severity: critical, above: 5s}]}`

// newPlan resolves a spec, of threshold ai/slow.
func newPlan(t *testing.T, spec string) *rules.Plan {
	t.Helper()
	var at v1alpha1.AlertThreshold
	if err := yaml.UnmarshalStrict([]byte(spec), &at.Spec); err != nil {
		t.Fatal(err)
	}
	at.Namespace, at.Name = "ai", "slow"
	plan, errs := rules.Resolve(&at)
	if len(errs) > 0 {
		t.Fatal(errs.ToAggregate())
	}
	return plan
}

// answer is what a Prometheus says that has the plan's rules and finds nothing beyond a level.
func answer(plan *rules.Plan) promapi.Group {
	group := promapi.Group{Name: plan.Groups()[0].Name, Interval: 30}
	for _, w := range expectedRules(plan) {
		rule := promapi.Rule{
			Type: w.kind, Name: w.name, Query: w.query, Health: prometheusv1.RuleHealthGood,
			Duration: w.forDuration.Seconds(), KeepFiringFor: w.keepFiringFor.Seconds(), Labels: model.LabelSet{},
		}
		for name, value := range w.labels {
			rule.Labels[model.LabelName(name)] = model.LabelValue(value)
		}
		group.Rules = append(group.Rules, rule)
	}
	return group
}

// levels are the samples of plimsoll:threshold that the plan's rules record.
func levels(plan *rules.Plan) model.Vector {
	var samples model.Vector
	for _, level := range plan.Levels {
		samples = append(samples, &model.Sample{Value: model.SampleValue(level.Value), Metric: model.Metric{
			model.MetricNameLabel: rules.ThresholdMetric, "namespace": "ai", "alertthreshold": "slow",
			"severity": model.LabelValue(level.Severity),
		}})
	}
	return samples
}

// value is a sample of plimsoll:signal.
func value(endpoint string, v float64) *model.Sample {
	metric := model.Metric{model.MetricNameLabel: rules.SignalMetric, "namespace": "ai", "alertthreshold": "slow"}
	if endpoint != "" {
		metric["endpoint"] = model.LabelValue(endpoint)
	}
	return &model.Sample{Metric: metric, Value: model.SampleValue(v)}
}

// snapshot is one in which Prometheus has evaluated the plan's rules, with those values.
func snapshot(plan *rules.Plan, after time.Duration, values ...*model.Sample) *Snapshot {
	snap := NewSnapshot(noon.Add(after))
	snap.AddGroup(answer(plan))
	snap.AddThresholds(levels(plan))
	snap.AddSignals(values)
	return snap
}

// activate gives the alerts of a level to the group.
func activate(group promapi.Group, severity string, alerts ...promapi.Alert) promapi.Group {
	for i := range group.Rules {
		if rule := &group.Rules[i]; rule.Type == prometheusv1.RuleTypeAlerting && string(rule.Labels["severity"]) == severity {
			rule.Alerts = alerts
		}
	}
	return group
}

func states(o Observation) string {
	text := string(o.State)
	for _, level := range o.Levels {
		text += " " + level.Severity + "=" + string(level.State)
	}
	return text
}

// statusOf is a status of that generation with what is published of the threshold.
func statusOf(s *TrackedThreshold, generation int64) *v1alpha1.AlertThresholdStatus {
	o := s.Published()
	status := &v1alpha1.AlertThresholdStatus{State: o.State, Current: o.Current, CurrentLabels: o.CurrentLabels, Headroom: o.Headroom}
	status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionLoaded, Status: o.Loaded.Status, Reason: o.Loaded.Reason, Message: o.Loaded.Message, ObservedGeneration: generation,
	}}
	for _, level := range o.Levels {
		is := v1alpha1.LevelStatus{Severity: level.Severity, State: level.State}
		if !level.ActiveSince.IsZero() {
			is.ActiveSince = &metav1.Time{Time: level.ActiveSince}
		}
		status.Levels = append(status.Levels, is)
	}
	return status
}
