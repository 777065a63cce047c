package rules

import (
	"fmt"
	"maps"
	"strings"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// AlertRule is the alerting rule of one level, whatever the mode: it compares the recorded value, so it fires on what the dashboards show.
//
// All alerts of a plan have the same labels but for the severity: alertname, namespace, alertthreshold and the signal's
// own. So in Alertmanager one inhibition rule lets the critical alert of a series silence its warning:
//
//	source_matchers: [severity="critical"]
//	target_matchers: [severity=~"warning|info"]
//	equal: [alertname, namespace, alertthreshold, service, pod, endpoint, method, model, type]
func (p *Plan) AlertRule(level Level) monitoringv1.Rule {
	annotations := map[string]string{"summary": p.summary(level), "description": p.description(level)}
	maps.Copy(annotations, p.Annotations)
	rule := p.newAlert(level, annotations)
	rule.Expr = intstr.FromString(level.join(" or ", func(side Level) string {
		return fmt.Sprintf("%s %s %s", p.recorded(), side.Comparison.operator(), promNumber(side.Value))
	}))
	return rule
}

// newAlert is an alerting rule of the level's severity and times, without an expression.
func (p *Plan) newAlert(level Level, annotations map[string]string) monitoringv1.Rule {
	alertLabels := map[string]string{SeverityLabel: level.Severity, ThresholdLabel: p.Name}
	maps.Copy(alertLabels, p.Labels)
	rule := monitoringv1.Rule{Alert: p.Alert, Labels: alertLabels, Annotations: annotations}
	if level.For > 0 {
		rule.For = ptr.To(monitoringv1.Duration(promDuration(level.For)))
	}
	if level.KeepFiringFor > 0 {
		rule.KeepFiringFor = ptr.To(monitoringv1.NonEmptyDuration(promDuration(level.KeepFiringFor)))
	}
	return rule
}

// summary says what is wrong in one line, such as "Response time (p95) is above 2s in ai".
func (p *Plan) summary(level Level) string {
	return fmt.Sprintf("%s is %s %s in %s", p.Value.Title, level.Comparison, level.values(), p.Namespace)
}

// description says what the value is, where, and what can be done. It is a template that Prometheus fills in.
func (p *Plan) description(level Level) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s is %s", p.Value.Title, level.Unit.Template())
	for _, name := range p.Value.Labels {
		fmt.Fprintf(&text, "{{ with $labels.%s }}, %s {{ . }}{{ end }}", name, name)
	}
	fmt.Fprintf(&text, ": %s the %s threshold of %s", level.Comparison, level.Severity, level.values())
	if level.For > 0 {
		text.WriteString(" for " + promDuration(level.For))
	}
	text.WriteString(".")
	if p.Value.Advice != "" {
		text.WriteString(" " + p.Value.Advice)
	}
	return text.String()
}

// promDuration writes a duration as Prometheus has it, such as 1h30m.
func promDuration(d time.Duration) string { return model.Duration(d).String() }
