package diagnose

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// TestRule checks what is said of rules that are no threshold's; the integration test follows them through real servers.
func TestRule(t *testing.T) {
	firing := promapi.Alert{State: prometheusv1.AlertStateFiring, ActiveAt: now.Add(-14 * time.Minute), Labels: model.LabelSet{"alertname": "A", "namespace": "web", "team": "ai"}}
	for name, tc := range map[string]struct {
		expr, held string
		value      model.SampleValue
		alerts     []promapi.Alert
		change     func(*RuleInput)
		healthy    bool
		check      string
	}{
		"quiet":            {expr: "up < 1", value: 1, healthy: true, check: "level -: 1 is not < 1: nothing to fire"},
		"its level":        {expr: "2 <= up", value: 1, healthy: true, check: "level -: 1 is not >= 2: nothing to fire"},
		"a matcher more":   {expr: "up < 1", held: `up{namespace="m"} < 1`, value: 1, healthy: true, check: "loaded OK: Prometheus holds the rule"},
		"another layout":   {expr: " up\n<1", held: "up < 1", value: 1, healthy: true, check: "loaded OK: Prometheus holds the rule"},
		"an experiment":    {expr: "mad_over_time(up[5m])>1", held: `mad_over_time(up{namespace="m"}[5m]) > 1`, value: 1, healthy: true, check: "loaded OK: Prometheus holds the rule"},
		"an older one":     {expr: "up < 1", held: "up < 2", value: 1, check: "loaded FAIL: Prometheus holds another expression of the rule A: up < 2"},
		"firing":           {expr: "up > 1", value: 2, alerts: []promapi.Alert{firing}, healthy: true, check: "level OK: fires: 2 is > 1 since 2026-11-24T06:16:00Z"},
		"delivered":        {expr: "up > 1", value: 2, alerts: []promapi.Alert{firing}, healthy: true, check: `alertmanager OK: the alert {namespace="web", team="ai"} goes to team`},
		"values since":     {expr: "up > 1", value: 0, alerts: []promapi.Alert{firing}, healthy: true, check: "level OK: fires: it was > 1 when the rule was last evaluated (0 now), since"},
		"no number":        {expr: "up > 1", value: model.SampleValue(math.NaN()), healthy: true, check: "series -: there is no value to compare: its series have no number but NaN"},
		"NaN's level":      {expr: "up > 1", value: model.SampleValue(math.NaN()), healthy: true, check: "level -: there is no value to be > 1"},
		"NaN that fires":   {expr: "up > 1", value: model.SampleValue(math.NaN()), alerts: []promapi.Alert{firing}, healthy: true, check: "level OK: fires: it was > 1 when the rule was last evaluated (no value now), since"},
		"no level":         {expr: "absent(up)", alerts: []promapi.Alert{firing}, healthy: true, check: "level OK: fires: the expression has a sample since"},
		"no level, quiet":  {expr: "absent(up)", healthy: true, check: "level -: the expression has no sample: nothing to fire"},
		"neither":          {expr: "up == 0", healthy: true, check: "level -: the expression has no sample: nothing to fire"},
		"not selected":     {expr: "up > 1", held: "-", change: func(in *RuleInput) { in.Prometheus.Snapshot.Selection = selection }, check: "loaded FAIL: no Prometheus or ThanosRuler selects the rule"},
		"how it would be":  {expr: "up > 1", held: "-", change: func(in *RuleInput) { in.Prometheus.Snapshot.Selection = selection }, check: "evaluated -: there is nothing to evaluate"},
		"not loaded":       {expr: "up > 1", held: "-", check: "loaded FAIL: Prometheus does not have the rule m/o g/A yet, after more than 2m: check that the ruleSelector"},
		"just written":     {expr: "up > 1", held: "-", change: func(in *RuleInput) { in.Object.CreationTimestamp = metav1.NewTime(now) }, healthy: true, check: "loaded ?: Prometheus does not have"},
		"the worst":        {expr: "up > 9", value: 1, change: anotherValue(5), healthy: true, check: `series OK: the value is 5 {job="y"}, the worst of 2 series`},
		"the least":        {expr: "up < 4", value: 6, change: anotherValue(5), healthy: true, check: `series OK: the value is 5 {job="y"}, the worst of 2 series`},
		"of a file":        {expr: "up < 1", value: 1, change: ofFile, healthy: true, check: "file OK: rules.yaml has g/A in line 7"},
		"a file's, absent": {expr: "up > 1", held: "-", change: ofFile, check: "loaded FAIL: Prometheus does not have the rule m/o g/A: apply the file, or check that --prometheus-url is its Prometheus"},
		"a file's value": {expr: "up > 1", held: "-", change: func(in *RuleInput) { ofFile(in); anotherValue(5)(in) },
			check: "level ?: Prometheus does not have the alert as it should be, and 5 is > 1"},
		"a file's, other":  {expr: "up < 1", held: "up < 2", value: 1, change: ofFile, check: "loaded FAIL: Prometheus holds another expression of the rule A: up < 2: apply the file"},
		"not queried":      {expr: "up > 1", change: func(in *RuleInput) { in.Prometheus = nil }, healthy: true, check: "loaded ?: Prometheus was not queried"},
		"other labels":     {expr: "up > 1", value: 1, change: func(in *RuleInput) { in.Rule.Labels = map[string]string{"severity": "page"} }, check: "loaded FAIL: Prometheus holds the rule group without the rule A of level page, or with other labels of it"},
		"another duration": {expr: "up > 1", value: 1, change: func(in *RuleInput) { in.Rule.For = time.Hour }, check: "loaded FAIL: Prometheus holds another for or keep_firing_for of the rule A: 0s and 0s"},
	} {
		t.Run(name, func(t *testing.T) {
			rule := alert.Rule{Ref: alert.Ref{Namespace: "m", Object: "o", Group: "g", Name: "A"}, Expr: tc.expr}
			in := RuleInput{Now: now, Rule: rule, Object: &monitoringv1.PrometheusRule{}, Prometheus: &Prometheus{Snapshot: observe.NewSnapshot(now)}}
			in.Object.CreationTimestamp = metav1.NewTime(now.Add(-time.Hour))
			in.Prometheus.Alertmanagers = []Alertmanager{{URL: "http://am", Alerts: []promapi.ReceivedAlert{{
				Labels: map[string]string{"alertname": "A", "namespace": "web", "team": "ai"}, Receivers: []string{"team"},
			}}}}
			if tc.held == "" {
				tc.held = tc.expr
			}
			if tc.held != "-" {
				loaded := promapi.Rule{Type: prometheusv1.RuleTypeAlerting, Name: "A", Query: tc.held, Health: prometheusv1.RuleHealthGood, Alerts: tc.alerts}
				in.Prometheus.Snapshot.AddRule(observe.RuleKey(rule), promapi.Group{Name: "g", Interval: 30, LastEvaluation: now.Add(-12 * time.Second)}, loaded)
				if _, ok := rule.Split(); ok {
					in.Prometheus.Snapshot.AddValues(observe.RuleKey(rule), model.Vector{{Metric: model.Metric{"job": "x"}, Value: tc.value}})
				}
			}
			for _, one := range tc.alerts {
				in.Prometheus.Firing = append(in.Prometheus.Firing, &model.Sample{Metric: model.Metric(one.Labels)})
			}
			if tc.change != nil {
				tc.change(&in)
			}
			report := Rule(in)
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

var selection = &observe.Selection{Prometheuses: []*monitoringv1.Prometheus{{ObjectMeta: metav1.ObjectMeta{Namespace: "m", Name: "k8s"}}}}

// ofFile makes the rule one of a file.
func ofFile(in *RuleInput) { in.Object, in.Rule.File, in.Rule.Line = nil, "rules.yaml", 7 }

// anotherValue adds a series with that value.
func anotherValue(v model.SampleValue) func(*RuleInput) {
	return func(in *RuleInput) {
		in.Prometheus.Snapshot.AddValues(observe.RuleKey(in.Rule), model.Vector{{Metric: model.Metric{"job": "y"}, Value: v}})
	}
}
