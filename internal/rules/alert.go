package rules

import (
	"fmt"
	"maps"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// alert is the alerting rule of one line: it compares the recorded value, so it fires on what the dashboards show.
func (p *Plan) alert(line Line) monitoringv1.Rule {
	alertLabels := map[string]string{SeverityLabel: line.Severity, ThresholdLabel: p.Name}
	maps.Copy(alertLabels, p.Labels)

	annotations := map[string]string{"summary": p.summary(line), "description": p.description(line)}
	maps.Copy(annotations, p.Annotations)

	rule := monitoringv1.Rule{
		Alert:       p.Alert,
		Expr:        intstr.FromString(fmt.Sprintf("%s %s %s", p.recorded(), line.Comparison.operator(), promNumber(line.Value))),
		Labels:      alertLabels,
		Annotations: annotations,
	}
	if line.For > 0 {
		rule.For = ptr.To(monitoringv1.Duration(model.Duration(line.For).String()))
	}
	if line.KeepFiringFor > 0 {
		rule.KeepFiringFor = ptr.To(monitoringv1.NonEmptyDuration(model.Duration(line.KeepFiringFor).String()))
	}
	return rule
}

// summary says what is wrong in one line, such as "Response time (p95) is above 2s in ai".
func (p *Plan) summary(line Line) string {
	return fmt.Sprintf("%s is %s %s in %s", p.Value.Title, line.Comparison, line.Unit.Format(line.Value), p.Namespace)
}

// description says what the value is, where, and what can be done. It is a template that Prometheus fills in.
func (p *Plan) description(line Line) string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s is %s", p.Value.Title, line.Unit.Template())
	for _, name := range p.Value.Labels {
		fmt.Fprintf(&text, "{{ with $labels.%s }}, %s {{ . }}{{ end }}", name, name)
	}
	fmt.Fprintf(&text, ": %s the %s threshold of %s", line.Comparison, line.Severity, line.Unit.Format(line.Value))
	if line.For > 0 {
		text.WriteString(" for " + model.Duration(line.For).String())
	}
	text.WriteString(".")
	if p.Value.Advice != "" {
		text.WriteString(" " + p.Value.Advice)
	}
	return text.String()
}
