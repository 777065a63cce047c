package rules

import (
	"maps"
	"strconv"
	"strings"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/model/labels"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// Names of the recorded series. Alerts, dashboards and status all read these, so they cannot disagree.
const (
	// SignalMetric is the value that a threshold watches, in its base unit, with its own labels, NamespaceLabel and
	// ThresholdLabel.
	SignalMetric = "plimsoll:signal"
	// ThresholdMetric is where a level lies, in the unit of SignalMetric, with NamespaceLabel, ThresholdLabel,
	// SeverityLabel, ComparisonLabel and UnitLabel, and with SignalLabel and SourceLabel unless it is of an expression.
	ThresholdMetric = "plimsoll:threshold"
)

// Labels of the recorded series and of the alerts.
const (
	NamespaceLabel = "namespace"
	// ThresholdLabel is the name of the AlertThreshold.
	ThresholdLabel  = "alertthreshold"
	SeverityLabel   = "severity"
	ComparisonLabel = "comparison"
	// UnitLabel is the unit of the level and of the value that it is for. SignalMetric does not have it: alerts would, too.
	UnitLabel = "unit"
	// SignalLabel and SourceLabel are the signal that the level is of and whose metrics it is read from, by which dashboards draw
	// it where they show the same.
	SignalLabel = "signal"
	SourceLabel = "source"
)

// ManagedBy is the value of the label app.kubernetes.io/managed-by of every PrometheusRule made here.
const ManagedBy = "plimsoll"

const namePrefix = "plimsoll-"

// Name is the name of the PrometheusRule of the AlertThreshold of that name.
func Name(threshold string) string { return namePrefix + threshold }

// Threshold is the name of the AlertThreshold whose PrometheusRule would have that name, if there can be one.
func Threshold(rule string) (name string, ok bool) { return strings.CutPrefix(rule, namePrefix) }

// Rule is the plan's PrometheusRule, with extraLabels, by which a Prometheus selects its rules. It has no owner yet.
func (p *Plan) Rule(extraLabels map[string]string) *monitoringv1.PrometheusRule {
	ruleLabels := map[string]string{"app.kubernetes.io/managed-by": ManagedBy}
	maps.Copy(ruleLabels, extraLabels)
	return &monitoringv1.PrometheusRule{
		TypeMeta: metav1.TypeMeta{
			APIVersion: monitoringv1.SchemeGroupVersion.String(),
			Kind:       monitoringv1.PrometheusRuleKind,
		},
		ObjectMeta: metav1.ObjectMeta{Namespace: p.Namespace, Name: Name(p.Name), Labels: ruleLabels},
		Spec:       monitoringv1.PrometheusRuleSpec{Groups: p.Groups()},
	}
}

// Groups are the plan's rules: one group, whose rules Prometheus evaluates in order, the recorded series first. In mode
// Shadow there are no alerts. In mode Off there is no group, and the caller writes no rule.
func (p *Plan) Groups() []monitoringv1.RuleGroup {
	switch p.Mode {
	case v1alpha1.ModeOff:
		return nil
	case v1alpha1.ModeShadow:
		return p.group(p.recordings())
	default:
		return p.group(append(p.recordings(), p.alerts()...))
	}
}

func (p *Plan) group(rules []monitoringv1.Rule) []monitoringv1.RuleGroup {
	return []monitoringv1.RuleGroup{{Name: p.GroupName(), Rules: rules}}
}

// GroupName is the name of the plan's group, by which its rules are found in a Prometheus.
func (p *Plan) GroupName() string { return "plimsoll." + p.Namespace + "." + p.Name }

func (p *Plan) recordings() []monitoringv1.Rule {
	rules := []monitoringv1.Rule{{
		Record: SignalMetric,
		Expr:   intstr.FromString(p.Value.Expr),
		Labels: p.identity(),
	}}
	for _, level := range p.Levels {
		for _, side := range level.Sides() {
			rules = append(rules, p.recordLevel(side))
		}
	}
	return rules
}

func (p *Plan) alerts() []monitoringv1.Rule {
	var rules []monitoringv1.Rule
	for _, level := range p.Levels {
		rules = append(rules, p.AlertRule(level))
	}
	if p.NoData == v1alpha1.NoDataAlert {
		rules = append(rules, p.noDataAlert())
	}
	return rules
}

// identity are the labels by which the plan's series are found.
func (p *Plan) identity() map[string]string {
	return map[string]string{NamespaceLabel: p.Namespace, ThresholdLabel: p.Name}
}

func (p *Plan) recordLevel(level Level) monitoringv1.Rule {
	levelLabels := p.identity()
	levelLabels[SeverityLabel] = level.Severity
	levelLabels[ComparisonLabel] = string(level.Comparison)
	levelLabels[UnitLabel] = string(level.Unit)
	if entry := p.Value.entry; entry.Name != "" {
		levelLabels[SignalLabel], levelLabels[SourceLabel] = entry.Name, string(entry.Source)
	}
	return monitoringv1.Rule{
		Record: ThresholdMetric,
		Expr:   intstr.FromString("vector(" + promNumber(level.Value) + ")"),
		Labels: levelLabels,
	}
}

// recorded selects the plan's recorded value.
func (p *Plan) recorded() string {
	namespace := labels.MustNewMatcher(labels.MatchEqual, NamespaceLabel, p.Namespace)
	threshold := labels.MustNewMatcher(labels.MatchEqual, ThresholdLabel, p.Name)
	return SignalMetric + "{" + namespace.String() + "," + threshold.String() + "}"
}

// promNumber writes a number as PromQL has it, without an exponent.
func promNumber(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
