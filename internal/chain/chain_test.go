package chain

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

var now = time.Date(2026, 11, 24, 6, 30, 0, 0, time.UTC)

// scene is what one threshold's chain looks like: whole, unless a test breaks it.
type scene struct {
	mode v1alpha1.Mode
	// value is that of pod one; nil when there is none.
	value *float64
	// alert is the warning's, nil when it is not active.
	alert *promapi.Alert
	// change is done to what was seen.
	change func(*Seen)
}

func (s scene) seen(t *testing.T) Seen {
	t.Helper()
	at := &v1alpha1.AlertThreshold{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ai", Name: "cpu", UID: "1", Generation: 2},
		Spec: v1alpha1.AlertThresholdSpec{
			Alert: "HighCPUUsage", Signal: &v1alpha1.Signal{Name: "CPU"}, Mode: s.mode,
			Levels: []v1alpha1.Level{{Severity: "warning", Above: "80", For: "10m"}},
		},
	}
	meta.SetStatusCondition(&at.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionAccepted, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonValid, ObservedGeneration: 2, Message: "the spec is valid",
	})
	plan, errs := rules.Resolve(at)
	if len(errs) > 0 {
		t.Fatal(errs.ToAggregate())
	}
	rule := plan.Rule(nil)
	rule.CreationTimestamp = metav1.NewTime(now.Add(-time.Hour))
	rule.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(at, v1alpha1.GroupVersion.WithKind(v1alpha1.Kind))}
	return Seen{Now: now, Threshold: at, Rule: rule, Prometheus: s.prometheus(plan)}
}

func (s scene) prometheus(plan *rules.Plan) *Prometheus {
	p := &Prometheus{Group: group(plan), Alertmanagers: []Alertmanager{{URL: "http://am"}}}
	if s.value != nil {
		p.Signal = model.Vector{{Metric: model.Metric{"__name__": "plimsoll:signal", "namespace": "ai", "alertthreshold": "cpu", "pod": "one"}, Value: model.SampleValue(*s.value)}}
	}
	for i := range p.Group.Rules {
		if rule := &p.Group.Rules[i]; s.alert != nil && rule.Type == prometheusv1.RuleTypeAlerting {
			s.alert.Labels = model.LabelSet{"alertname": "HighCPUUsage", "severity": "warning", "alertthreshold": "cpu", "namespace": "ai", "pod": "one"}
			rule.Alerts = []promapi.Alert{*s.alert}
		}
	}
	return p
}

// group is the plan's group as a Prometheus that evaluates it holds it.
func group(plan *rules.Plan) *promapi.Group {
	var g promapi.Group
	for _, from := range plan.Groups() {
		g.Name, g.Interval, g.LastEvaluation = from.Name, 30, now.Add(-12*time.Second)
		for _, rule := range from.Rules {
			held := promapi.Rule{Type: prometheusv1.RuleTypeRecording, Name: rule.Record, Query: rule.Expr.String(), Health: prometheusv1.RuleHealthGood, Labels: model.LabelSet{}}
			if rule.Alert != "" {
				held.Type, held.Name = prometheusv1.RuleTypeAlerting, rule.Alert
			}
			if rule.For != nil {
				held.Duration = 600
			}
			for name, value := range rule.Labels {
				held.Labels[model.LabelName(name)] = model.LabelValue(value)
			}
			g.Rules = append(g.Rules, held)
		}
	}
	return &g
}

// check fills the snapshot, as whoever asks Prometheus does, and checks.
func check(seen Seen) Report {
	if p := seen.Prometheus; p != nil && p.Fault == nil {
		selection := (*observe.Selection)(nil)
		if p.Snapshot != nil {
			selection = p.Snapshot.Selection
		}
		p.Snapshot = observe.NewSnapshot(now)
		p.Snapshot.Selection = selection
		if p.Group != nil {
			p.Snapshot.AddGroup(*p.Group)
			p.Snapshot.AddThresholds(model.Vector{{Metric: model.Metric{"namespace": "ai", "alertthreshold": "cpu", "severity": "warning"}}})
		}
		p.Snapshot.AddSignals(p.Signal)
	}
	return Check(seen)
}

func TestCheck(t *testing.T) {
	low, high := ptr.To(50.0), ptr.To(93.25)
	pending := &promapi.Alert{State: prometheusv1.AlertStatePending, ActiveAt: now.Add(-4 * time.Minute)}
	burning := func() *promapi.Alert {
		return &promapi.Alert{State: prometheusv1.AlertStateFiring, ActiveAt: now.Add(-14 * time.Minute)}
	}
	fires := map[string]string{"alertname": "HighCPUUsage", "severity": "warning", "alertthreshold": "cpu", "namespace": "ai", "pod": "one", "prometheus": "monitoring/k8s"}
	at := func(alerts ...Alert) func(*Seen) {
		return func(s *Seen) { s.Prometheus.Alertmanagers[0].Alerts = alerts }
	}
	for name, tc := range map[string]struct {
		scene
		whole bool
		// link is one line of the report, begun.
		link string
	}{
		"quiet":       {scene{value: low}, true, "level warning -: 50% is not > 80%: nothing to fire"},
		"its value":   {scene{value: low}, true, `series OK: CPU usage is 50%`},
		"its rule":    {scene{value: low}, true, `rule OK: PrometheusRule plimsoll-cpu is as generation 2 wants it`},
		"its age":     {scene{value: low}, true, `evaluated OK: 12s ago, without error`},
		"no alert":    {scene{value: low}, true, `alertmanager OK: http://am answers; there is nothing to send`},
		"pending":     {scene{value: high, alert: pending}, true, "level warning -: 93.2% is > 80%, for 4m0s of the 10m that it must last: fires in 6m0s if it stays"},
		"firing":      {scene{value: high, alert: burning(), change: at(Alert{Labels: fires, Receivers: []string{"team"}})}, true, "level warning OK: fires: 93.2% is > 80% since 2026-11-24T06:16:00Z"},
		"delivered":   {scene{value: high, alert: burning(), change: at(Alert{Labels: fires, Receivers: []string{"team"}})}, true, `alertmanager OK: the warning alert {pod="one"} goes to team`},
		"inhibited":   {scene{value: high, alert: burning(), change: at(Alert{Labels: fires, InhibitedBy: []string{"f00"}})}, true, "alertmanager -: the warning alert"},
		"silenced":    {scene{value: high, alert: burning(), change: at(Alert{Labels: fires, SilencedBy: []string{"5118"}})}, false, `alertmanager FAIL: the warning alert {pod="one"} is silenced: amtool silence query --id 5118`},
		"undelivered": {scene{value: high, alert: burning()}, false, "alertmanager FAIL: Alertmanager http://am does not have the warning alert"},
		"nobody told": {scene{value: low, change: func(s *Seen) { s.Prometheus.Alertmanagers = nil }}, false, "alertmanager FAIL: Prometheus sends to no Alertmanager"},
		"out of reach": {scene{value: low, change: func(s *Seen) { s.Prometheus.Alertmanagers[0].Fault = errors.New("no route") }}, true,
			"alertmanager ?: no route: if it is the cluster's alone to reach, use --alertmanager-url URL"},
		"invalid": {scene{value: low, change: func(s *Seen) { s.Threshold.Spec.Levels[0].Above = "2s" }}, false, "accepted FAIL: spec.levels[0].above: Invalid value"},
		"no controller": {scene{value: low, change: func(s *Seen) { s.Threshold.Generation = 3 }}, false,
			"accepted FAIL: the controller has not looked at generation 3"},
		"off":    {scene{value: low, change: func(s *Seen) { s.Threshold.Spec.Mode = v1alpha1.ModeOff }}, false, "rule FAIL: spec.mode is Off"},
		"shadow": {scene{mode: v1alpha1.ModeShadow, value: high}, false, "level warning FAIL: spec.mode is Shadow, so nothing ever fires: 93.2%, and the line is > 80%"},
		"shadow fires": {scene{mode: v1alpha1.ModeShadow, value: high, change: func(s *Seen) {
			s.Threshold.Status.Levels = []v1alpha1.LevelStatus{{Severity: "warning", State: v1alpha1.StatePending, ActiveSince: ptr.To(metav1.NewTime(now.Add(-time.Hour)))}}
			meta.SetStatusCondition(&s.Threshold.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionLoaded, Status: metav1.ConditionTrue, ObservedGeneration: 2})
		}}, false, "level warning FAIL: spec.mode is Shadow, so nothing ever fires: 93.2%, and the line is > 80%; in mode Enforce it would be Firing"},
		"no rule":        {scene{value: low, change: func(s *Seen) { s.Rule = nil }}, false, "rule FAIL: PrometheusRule plimsoll-cpu does not exist"},
		"a foreign rule": {scene{value: low, change: func(s *Seen) { s.Rule.OwnerReferences = nil }}, false, "rule FAIL: PrometheusRule plimsoll-cpu exists and is not this threshold's"},
		"another rule":   {scene{value: low, change: func(s *Seen) { s.Rule.Spec.Groups = nil }}, false, "rule FAIL: PrometheusRule plimsoll-cpu is not what generation 2 wants"},
		"no operator": {scene{value: low, change: func(s *Seen) { s.Rule, s.RuleFault = nil, &meta.NoKindMatchError{} }}, false,
			"rule FAIL: the cluster does not know the kind PrometheusRule"},
		"unreadable":     {scene{value: low, change: func(s *Seen) { s.Rule, s.RuleFault = nil, errors.New("forbidden") }}, true, "rule ?: forbidden"},
		"not asked":      {scene{value: low, change: func(s *Seen) { s.Prometheus = nil }}, true, "loaded ?: Prometheus was not asked"},
		"no answer":      {scene{value: low, change: func(s *Seen) { s.Prometheus = &Prometheus{Fault: errors.New("refused")} }}, false, "loaded FAIL: refused"},
		"not loaded":     {scene{change: func(s *Seen) { s.Prometheus.Group = nil }}, false, "loaded FAIL: Prometheus does not have PrometheusRule plimsoll-cpu yet, after more than 2m"},
		"not loaded yet": {scene{change: func(s *Seen) { s.Prometheus.Group, s.Rule.CreationTimestamp = nil, metav1.NewTime(now) }}, true, "loaded ?: Prometheus does not have PrometheusRule plimsoll-cpu yet"},
		"not selected": {scene{change: func(s *Seen) {
			s.Prometheus.Group, s.Prometheus.Snapshot = nil, observe.NewSnapshot(now)
			s.Prometheus.Snapshot.Selection = &observe.Selection{Prometheuses: []*monitoringv1.Prometheus{{ObjectMeta: metav1.ObjectMeta{Namespace: "m", Name: "k8s"}}}}
		}}, false, "loaded FAIL: no Prometheus or ThanosRuler selects the rule"},
		"an older expression": {scene{value: low, change: func(s *Seen) { s.Prometheus.Group.Rules[0].Query = "vector(1)" }}, false, "loaded FAIL: Prometheus holds another expression"},
		"an error": {scene{value: low, change: func(s *Seen) {
			s.Prometheus.Group.Rules[0].Health, s.Prometheus.Group.Rules[0].LastError = prometheusv1.RuleHealthBad, "duplicate series"
		}}, false, "evaluated FAIL: Prometheus cannot evaluate the rule plimsoll:signal: duplicate series"},
		"standing still": {scene{value: low, change: func(s *Seen) { s.Prometheus.Group.LastEvaluation = now.Add(-time.Hour) }}, false, "evaluated FAIL: last 1h0m0s ago, though it is due every 30s"},
		"no series":      {scene{}, false, `series FAIL: CPU usage has no value: check that these series exist, and that there is traffic: system_cpu_usage_percent{namespace="ai"}`},
	} {
		t.Run(name, func(t *testing.T) {
			seen := tc.seen(t)
			if tc.change != nil {
				tc.change(&seen)
			}
			report := check(seen)
			var lines []string
			for _, link := range report.Links {
				lines = append(lines, fmt.Sprintf("%s %s: %s", link.Name, link.Result, link.Detail))
			}
			text := strings.Join(lines, "\n")
			if report.Whole() != tc.whole || !strings.Contains("\n"+text, "\n"+tc.link) {
				t.Errorf("whole %t, links\n%s\nwant %t, and a line that begins with\n%s", report.Whole(), text, tc.whole, tc.link)
			}
		})
	}
}
