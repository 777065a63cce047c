package diagnose

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/bucket"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

var now = time.Date(2026, 11, 24, 6, 30, 0, 0, time.UTC)

// scenario is a healthy threshold, unless a test breaks it.
type scenario struct {
	mode v1alpha1.Mode
	// expr is watched instead of the CPU, if it is set.
	expr string
	// value is that of pod one; nil when there is none.
	value *float64
	// alert is the warning's, nil when it is not active.
	alert *promapi.Alert
	// group changes what Prometheus has loaded; notLoaded means nothing of it.
	group     func(*promapi.Group)
	notLoaded bool
	// change changes the input.
	change func(*Input)
	// histogram: the value is a native histogram. keep is keepFiringFor.
	histogram bool
	keep      v1alpha1.Duration
	// spec changes the threshold.
	spec func(*v1alpha1.AlertThresholdSpec)
}

func (s scenario) input(t *testing.T) Input {
	t.Helper()
	at := &v1alpha1.AlertThreshold{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ai", Name: "cpu", UID: "1", Generation: 2},
		Spec: v1alpha1.AlertThresholdSpec{
			Alert: "HighCPUUsage", Signal: &v1alpha1.Signal{Name: "CPU"}, Mode: s.mode,
			Levels: []v1alpha1.Level{{Severity: "warning", Above: "80", For: "10m", KeepFiringFor: s.keep}},
		},
	}
	if s.spec != nil {
		s.spec(&at.Spec)
	}
	if s.expr != "" {
		at.Spec.Signal, at.Spec.Expr = nil, s.expr
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
	in := Input{Now: now, Threshold: at, Rule: rule, Prometheus: s.prometheus(plan)}
	if s.change != nil {
		s.change(&in)
	}
	return in
}

// prometheus returns what a Prometheus answers that has the plan's group.
func (s scenario) prometheus(plan *rules.Plan) *Prometheus {
	p := &Prometheus{Snapshot: observe.NewSnapshot(now), Alertmanagers: []Alertmanager{{URL: "http://am"}}}
	if s.value != nil {
		signal := &model.Sample{Metric: model.Metric{"__name__": "plimsoll:signal", "namespace": "ai", "alertthreshold": "cpu", "pod": "one"}, Value: model.SampleValue(*s.value)}
		if s.histogram {
			signal.Histogram = &model.SampleHistogram{}
		}
		p.Snapshot.AddSignals(model.Vector{signal})
	}
	if s.notLoaded {
		return p
	}
	g := group(plan)
	if s.alert != nil {
		labels := model.LabelSet{"alertname": "HighCPUUsage", "severity": "warning", "alertthreshold": "cpu", "namespace": "ai", "pod": "one"}
		s.alert.Labels = labels
		for i := range g.Rules {
			if rule := &g.Rules[i]; rule.Type == prometheusv1.RuleTypeAlerting {
				rule.Alerts = []promapi.Alert{*s.alert}
			}
		}
		if s.alert.State == prometheusv1.AlertStateFiring {
			p.Firing = model.Vector{{Metric: model.Metric(labels.Merge(model.LabelSet{"__name__": "ALERTS", "alertstate": "firing"})), Value: 1}}
		}
	}
	if s.group != nil {
		s.group(g)
	}
	p.Snapshot.AddGroup(*g)
	p.Snapshot.AddThresholds(model.Vector{{Metric: model.Metric{"namespace": "ai", "alertthreshold": "cpu", "severity": "warning"}}})
	return p
}

// group returns the plan's group as a Prometheus that evaluates it has it.
func group(plan *rules.Plan) *promapi.Group {
	var g promapi.Group
	for _, from := range plan.Groups() {
		g.Name, g.Interval, g.LastEvaluation = from.Name, 30, now.Add(-12*time.Second)
		for _, rule := range from.Rules {
			loaded := promapi.Rule{Type: prometheusv1.RuleTypeRecording, Name: rule.Record, Query: rule.Expr.String(), Health: prometheusv1.RuleHealthGood, Labels: model.LabelSet{}}
			if rule.Alert != "" {
				loaded.Type, loaded.Name = prometheusv1.RuleTypeAlerting, rule.Alert
			}
			if rule.For != nil {
				loaded.Duration = 600
			}
			if rule.KeepFiringFor != nil {
				loaded.KeepFiringFor = 1800
			}
			for name, value := range rule.Labels {
				loaded.Labels[model.LabelName(name)] = model.LabelValue(value)
			}
			g.Rules = append(g.Rules, loaded)
		}
	}
	return &g
}

func TestThreshold(t *testing.T) {
	low, high, nan := ptr.To(50.0), ptr.To(93.25), math.NaN()
	noData := func(spec *v1alpha1.AlertThresholdSpec) { spec.NoData = v1alpha1.NoDataAlert }
	pending := &promapi.Alert{State: prometheusv1.AlertStatePending, ActiveAt: now.Add(-4 * time.Minute)}
	firing := func() *promapi.Alert {
		return &promapi.Alert{State: prometheusv1.AlertStateFiring, ActiveAt: now.Add(-14 * time.Minute)}
	}
	fires := map[string]string{"alertname": "HighCPUUsage", "severity": "warning", "alertthreshold": "cpu", "namespace": "ai", "pod": "one", "prometheus": "monitoring/k8s"}
	at := func(alerts ...promapi.ReceivedAlert) func(*Input) {
		return func(in *Input) { in.Prometheus.Alertmanagers[0].Alerts = alerts }
	}
	notProgrammed := func(in *Input, reason, message string) {
		meta.SetStatusCondition(&in.Threshold.Status.Conditions, metav1.Condition{
			Type: v1alpha1.ConditionProgrammed, Status: metav1.ConditionFalse, Reason: reason, Message: message, ObservedGeneration: 2,
		})
	}
	buckets := func(bounds ...float64) func(*Input) {
		return func(in *Input) { in.Prometheus.Buckets = ptr.To(bucket.Known("x", bounds)) }
	}
	for name, tc := range map[string]struct {
		scenario
		healthy bool
		// check is the beginning of one check of the report.
		check string
	}{
		"quiet":           {scenario{value: low}, true, "level warning -: 50% is not > 80%: nothing to fire"},
		"its value":       {scenario{value: low}, true, `series OK: CPU usage is 50%`},
		"its rule":        {scenario{value: low}, true, `rule OK: PrometheusRule plimsoll-cpu matches generation 2`},
		"its age":         {scenario{value: low}, true, `evaluated OK: 12s ago, every 30s`},
		"no alert":        {scenario{value: low}, true, `alertmanager OK: http://am answers; there is nothing to send`},
		"pending":         {scenario{value: high, alert: pending}, true, "level warning -: 93.2% is > 80%, for 4m0s of the required 10m: fires in 6m0s if that continues"},
		"firing":          {scenario{value: high, alert: firing(), change: at(promapi.ReceivedAlert{Labels: fires, Receivers: []string{"team"}})}, true, "level warning OK: fires: 93.2% is > 80% since 2026-11-24T06:16:00Z"},
		"delivered":       {scenario{value: high, alert: firing(), change: at(promapi.ReceivedAlert{Labels: fires, Receivers: []string{"team"}})}, true, `alertmanager OK: the warning alert {pod="one"} goes to team`},
		"inhibited":       {scenario{value: high, alert: firing(), change: at(promapi.ReceivedAlert{Labels: fires, InhibitedBy: []string{"f00"}})}, true, "alertmanager -: the warning alert"},
		"silenced":        {scenario{value: high, alert: firing(), change: at(promapi.ReceivedAlert{Labels: fires, SilencedBy: []string{"5118"}})}, false, `alertmanager FAIL: the warning alert {pod="one"} is silenced: amtool silence query --id 5118`},
		"undelivered":     {scenario{value: high, alert: firing()}, false, "alertmanager FAIL: Alertmanager http://am does not have the warning alert"},
		"no Alertmanager": {scenario{value: low, change: func(in *Input) { in.Prometheus.Alertmanagers = nil }}, false, "alertmanager FAIL: Prometheus sends to no Alertmanager"},
		"out of reach": {scenario{value: low, change: func(in *Input) { in.Prometheus.Alertmanagers[0].Err = errors.New("no route") }}, true,
			"alertmanager ?: no route: if it can be reached only inside the cluster, use --alertmanager-url URL"},
		"invalid": {scenario{value: low, change: func(in *Input) { in.Threshold.Spec.Levels[0].Above = "2s" }}, false, "accepted FAIL: spec.levels[0].above: Invalid value"},
		"no controller": {scenario{value: low, change: func(in *Input) { in.Threshold.Generation = 3 }}, false,
			"accepted FAIL: the controller has not reconciled generation 3"},
		"of a file": {scenario{value: low, change: func(in *Input) { in.OfFile, in.Rule = true, nil }}, true, "file OK: the spec is valid, its mode is Enforce"},
		"a file's, absent": {scenario{value: low, notLoaded: true, change: func(in *Input) { in.OfFile, in.Rule = true, nil }}, false,
			"loaded FAIL: Prometheus does not have PrometheusRule plimsoll-cpu: apply the file"},
		"a file's value": {scenario{value: high, notLoaded: true, change: func(in *Input) {
			in.OfFile, in.Rule = true, nil
			in.Prometheus.Snapshot.AddValues(types.NamespacedName{Namespace: "ai", Name: "cpu"}, model.Vector{{Value: 60}}) // of its own expression, not what is recorded
		}}, false, "series OK: CPU usage is 60%"},
		"an invalid file": {scenario{value: low, change: func(in *Input) { in.OfFile = true; in.Threshold.Spec.Levels[0].Above = "2s" }}, false, "file FAIL: spec.levels[0].above: Invalid value"},
		"off":             {scenario{value: low, change: func(in *Input) { in.Threshold.Spec.Mode = v1alpha1.ModeOff }}, false, "rule FAIL: spec.mode is Off"},
		"shadow":          {scenario{mode: v1alpha1.ModeShadow, value: high}, false, "level warning FAIL: spec.mode is Shadow, so nothing ever fires: 93.2%, and the level is > 80%"},
		"shadow fires": {scenario{mode: v1alpha1.ModeShadow, value: high, change: func(in *Input) {
			in.Threshold.Status.Levels = []v1alpha1.LevelStatus{{Severity: "warning", State: v1alpha1.StatePending, ActiveSince: ptr.To(metav1.NewTime(now.Add(-time.Hour)))}}
			meta.SetStatusCondition(&in.Threshold.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionLoaded, Status: metav1.ConditionTrue, ObservedGeneration: 2})
		}}, false, "level warning FAIL: spec.mode is Shadow, so nothing ever fires: 93.2%, and the level is > 80%; in mode Enforce it would be Firing"},
		"no rule": {scenario{value: low, change: func(in *Input) { in.Rule = nil }}, false, "rule FAIL: PrometheusRule plimsoll-cpu does not exist"},
		"a foreign rule": {scenario{value: low, change: func(in *Input) {
			in.Rule.OwnerReferences = nil
			notProgrammed(in, v1alpha1.ReasonRuleConflict, "PrometheusRule plimsoll-cpu exists and is not ours")
		}}, false, "rule FAIL: PrometheusRule plimsoll-cpu exists and is not ours"},
		"another rule": {scenario{value: low, change: func(in *Input) { in.Rule.Spec.Groups = nil }}, false, "rule FAIL: PrometheusRule plimsoll-cpu does not match generation 2"},
		"no operator": {scenario{value: low, change: func(in *Input) {
			in.Rule, in.RuleErr = nil, &meta.NoKindMatchError{}
			notProgrammed(in, v1alpha1.ReasonOperatorMissing, "the cluster does not know the kind PrometheusRule")
		}}, false,
			"rule FAIL: the cluster does not know the kind PrometheusRule"},
		"a default": {scenario{value: low, change: func(in *Input) {
			in.Rule = nil
			notProgrammed(in, v1alpha1.ReasonSuperseded, "this default has no rule")
		}}, false, "rule FAIL: this default has no rule"},
		"an earlier rule": {scenario{value: low, change: func(in *Input) {
			notProgrammed(in, v1alpha1.ReasonRuleRefused, "the API server refuses PrometheusRule plimsoll-cpu")
		}}, false, "loaded OK: Prometheus holds the rule"},
		"unreadable":     {scenario{value: low, change: func(in *Input) { in.Rule, in.RuleErr = nil, errors.New("forbidden") }}, true, "rule ?: forbidden"},
		"not queried":    {scenario{value: low, change: func(in *Input) { in.Prometheus = nil }}, true, "loaded ?: Prometheus was not queried"},
		"no answer":      {scenario{value: low, change: func(in *Input) { in.Prometheus = &Prometheus{Err: errors.New("refused")} }}, false, "loaded FAIL: refused"},
		"not loaded":     {scenario{notLoaded: true}, false, "loaded FAIL: Prometheus does not have PrometheusRule plimsoll-cpu yet, after more than 2m"},
		"not loaded yet": {scenario{notLoaded: true, change: func(in *Input) { in.Rule.CreationTimestamp = metav1.NewTime(now) }}, true, "loaded ?: Prometheus does not have PrometheusRule plimsoll-cpu yet"},
		"not selected": {scenario{notLoaded: true, change: func(in *Input) {
			in.Prometheus.Snapshot.Selection = &observe.Selection{Prometheuses: []*monitoringv1.Prometheus{{ObjectMeta: metav1.ObjectMeta{Namespace: "m", Name: "k8s"}}}}
		}}, false, "loaded FAIL: no Prometheus or ThanosRuler selects the rule"},
		"an older expression": {scenario{value: low, group: func(g *promapi.Group) { g.Rules[0].Query = "vector(1)" }}, false, "loaded FAIL: Prometheus holds another expression"},
		"an error": {scenario{value: low, group: func(g *promapi.Group) {
			g.Rules[0].Health, g.Rules[0].LastError = prometheusv1.RuleHealthBad, "duplicate series"
		}}, false, "evaluated FAIL: Prometheus cannot evaluate the rule plimsoll:signal: duplicate series"},
		"standing still": {scenario{value: low, group: func(g *promapi.Group) { g.LastEvaluation = now.Add(-time.Hour) }}, false, "evaluated FAIL: the last evaluation was 1h0m0s ago, and the interval is 30s"},
		"no namespace": {scenario{change: func(in *Input) { in.Prometheus.NoNamespace = true }}, false,
			"series FAIL: CPU usage has no value: no such series in Prometheus has the label namespace"},
		"nothing passes": {scenario{expr: "lag > 500"}, true, `series OK: The value of HighCPUUsage is not there, as while all is well; if it never is, check that these series exist: lag{namespace="ai"} > 500`},
		"its level":      {scenario{expr: "absent(up)"}, true, "level warning -: what has no value while all is well is not > 80: nothing to fire"},
		"nothing passes in mode Shadow": {scenario{expr: "a unless b", mode: v1alpha1.ModeShadow}, false,
			"level warning FAIL: spec.mode is Shadow, so nothing ever fires: what has no value while all is well, and the level is > 80; in mode Enforce it would be Inactive"},
		"no sample":             {scenario{expr: "lag"}, false, `series FAIL: The value of HighCPUUsage has no value`},
		"only NaN":              {scenario{value: &nan}, false, `series FAIL: CPU usage has no value: its series have no number but NaN, as 0/0 gives without traffic, which is neither above nor below a level: system_cpu`},
		"NaN is not crossed":    {scenario{value: &nan}, false, "level warning -: there is no value to be > 80%"},
		"NaN while it fires":    {scenario{value: &nan, alert: firing(), keep: "30m"}, false, "level warning OK: fires: it was > 80% and goes on for keepFiringFor, 30m (no value now), since 2026-11-24T06:16:00Z"},
		"NaN and it fires":      {scenario{value: &nan, alert: firing()}, false, "level warning OK: fires: it was > 80% when the rule was last evaluated (no value now), since"},
		"it goes on":            {scenario{value: low, alert: firing(), keep: "30m"}, false, "level warning OK: fires: it was > 80% and goes on for keepFiringFor, 30m (50% now), since"},
		"NaN of an expression":  {scenario{expr: "lag", value: &nan}, false, "series FAIL: The value of HighCPUUsage has no value: its series have no number but NaN"},
		"NaN that is filtered":  {scenario{expr: "lag > 5", value: &nan}, false, "series FAIL: The value of HighCPUUsage has no value: its series have no number but NaN"},
		"NaN with noData":       {scenario{value: &nan, spec: noData}, false, "series FAIL: CPU usage has no value: its series have no number but NaN, as 0/0 gives without traffic, which is neither above nor below a level; noData: Alert is for series that are not there, and does not fire for that: system"},
		"a histogram":           {scenario{expr: "lag", value: ptr.To(0.0), histogram: true}, false, "series FAIL: The value of HighCPUUsage has no value: its series are native histograms, which no level can be compared with: take a number of them, such as histogram_quantile(0.95, ...), histogram_avg(...) or histogram_count(...): lag"},
		"a histogram's level":   {scenario{expr: "lag", value: ptr.To(0.0), histogram: true}, false, "level warning -: there is no value to be > 80"},
		"a histogram as shadow": {scenario{expr: "lag", value: ptr.To(0.0), histogram: true, mode: v1alpha1.ModeShadow}, false, "series FAIL: The value of HighCPUUsage has no value: its series are native histograms"},
		"outside":               {scenario{change: func(in *Input) { in.Prometheus.Outside = []string{"x has series without the label namespace", "y too"} }}, false, "series FAIL: CPU usage has no value: x has series without the label namespace; y too"},
		"outside and inside":    {scenario{value: low, change: func(in *Input) { in.Prometheus.Outside = []string{"x"} }}, true, "series OK: CPU usage is 50%"},
		"outside, empty":        {scenario{expr: "lag > 5", change: func(in *Input) { in.Prometheus.Outside = []string{"lag is elsewhere"} }}, false, "series FAIL: The value of HighCPUUsage has no value: lag is elsewhere"},
		"unconfined":            {scenario{value: low, expr: `x{namespace="ai"}`, change: func(in *Input) { in.Rules.UnconfinedNamespaces = []string{"ai"} }}, true, "namespace OK: spec.expr may read series of every namespace, as the controller's --unconfined-namespaces lists ai"},
		"no series":             {scenario{}, false, `series FAIL: CPU usage has no value: check that these series exist, and that there is traffic: system_cpu_usage_percent{namespace="ai"}`},
		"a level above the buckets": {scenario{value: low, change: buckets(10, 50)}, false,
			"buckets FAIL: level warning (> 80%) lies above the highest bucket (50%) of x: it can never fire"},
		"a level inside a bucket": {scenario{value: low, change: buckets(10, 500)}, true,
			"buckets OK: level warning (> 80%) lies inside the bucket 10% to 500% of x: what fires is a guess, take 10%"},
		"a level that is a bucket": {scenario{value: low, change: buckets(10, 80, 500)}, true, "buckets OK: the buckets of x can show every level"},
		"no buckets":               {scenario{value: low, change: buckets()}, true, "buckets ?: Prometheus has no buckets of x"},
		"unreadable buckets":       {scenario{value: low, change: func(in *Input) { in.Prometheus.BucketsErr = errors.New("too much") }}, true, "buckets ?: too much"},
	} {
		t.Run(name, func(t *testing.T) {
			report := Threshold(tc.input(t))
			var lines []string
			for _, check := range report.Checks {
				lines = append(lines, fmt.Sprintf("%s %s: %s", check.Name, check.Result, check.Detail))
			}
			text := strings.Join(lines, "\n")
			if report.Healthy() != tc.healthy || !strings.Contains("\n"+text, "\n"+tc.check) {
				t.Errorf("healthy %t, checks\n%s\nwant %t, and a check that begins with\n%s", report.Healthy(), text, tc.healthy, tc.check)
			}
		})
	}
}
