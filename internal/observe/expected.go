package observe

import (
	"fmt"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// want is one rule as Prometheus should hold it.
type expectedRule struct {
	kind prometheusv1.RuleType
	name string
	// labels are the rule's own. Prometheus may have been told to add others, but never to change these.
	labels map[string]string
	// query is the expression as the parser prints it; spelling is another one of the same meaning that Prometheus, of another
	// version or with a label enforced, was seen to hold.
	query, spelling string
	// givesValue says that the value is known once the rule is evaluated.
	givesValue                 bool
	forDuration, keepFiringFor time.Duration
}

// wanted are the rules of a plan.
func expectedRules(plan *rules.Plan) []expectedRule {
	var all []expectedRule
	for _, group := range plan.Groups() {
		for _, rule := range group.Rules {
			all = append(all, newExpectedRule(rule))
		}
	}
	return all
}

func newExpectedRule(rule monitoringv1.Rule) expectedRule {
	w := expectedRule{kind: prometheusv1.RuleTypeRecording, name: rule.Record, labels: rule.Labels, query: printed(rule.Expr.String()), givesValue: rule.Record == rules.SignalMetric}
	if rule.Alert != "" {
		w.kind, w.name = prometheusv1.RuleTypeAlerting, rule.Alert
	}
	if rule.For != nil {
		w.forDuration = seconds(string(*rule.For))
	}
	if rule.KeepFiringFor != nil {
		w.keepFiringFor = seconds(string(*rule.KeepFiringFor))
	}
	return w
}

// seconds is a duration of a plan's rule, which the plan wrote itself.
func seconds(text string) time.Duration {
	d, err := model.ParseDuration(text)
	if err != nil {
		return 0
	}
	return time.Duration(d)
}

// printed is the expression as the parser prints it, so that layout does not matter; as it is, when it cannot be read.
func printed(expr string) string {
	if parsed := parse(expr); parsed != nil {
		return parsed.String()
	}
	return expr
}

// title names the rule in a sentence.
func (w *expectedRule) title() string {
	if severity := w.labels[rules.SeverityLabel]; severity != "" {
		return fmt.Sprintf("%s of level %s", w.name, severity)
	}
	return w.name
}

// in finds the rule among those that Prometheus holds, whatever its expression; nil when it is not there.
func (w *expectedRule) findIn(held []loadedRule) *loadedRule {
	for i := range held {
		if h := &held[i]; h.kind == w.kind && h.name == w.name && w.hasLabels(h) {
			return h
		}
	}
	return nil
}

func (w *expectedRule) hasLabels(h *loadedRule) bool {
	for name, value := range w.labels {
		if h.labels.Get(name) != value {
			return false
		}
	}
	// The alert on the absence of data has all the labels of its level's own alert.
	return h.labels.Get(rules.NoDataLabel) == w.labels[rules.NoDataLabel]
}

// same reports whether the rule that Prometheus holds says the same.
func (w *expectedRule) matches(h *loadedRule) bool {
	return h.forDuration == w.forDuration && h.keepFiringFor == w.keepFiringFor && w.sameExpr(h.query)
}

// means reports whether the expression that Prometheus holds means ours.
func (w *expectedRule) sameExpr(held string) bool {
	if held == w.query || held == w.spelling {
		return true
	}
	if !equivalent(w.query, held) {
		return false
	}
	w.spelling = held
	return true
}
