package rules

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

// check returns what keeps the plan's rules out of a Prometheus, whatever the mode, which is easily changed later.
func (p *Plan) check(spec *field.Path) field.ErrorList {
	rules := append(p.recordings(), p.alerts()...)
	if err := lint(rules); err != nil {
		return field.ErrorList{field.InternalError(spec, err)}
	}
	return checkSize(p.group(rules), spec)
}

// lint validates the rules as Prometheus does when it reads a rule file, with its own code, and returns what it would
// refuse. The Prometheus Operator loads all rules of a Prometheus together, so a bad one must never get out.
func lint(rules []monitoringv1.Rule) error {
	var errs []error
	for _, rule := range rules {
		name := rule.Record + rule.Alert
		for _, err := range asFile(rule).Validate(rulefmt.RuleNode{}, model.LegacyValidation, parser.NewParser(parser.Options{})) {
			errs = append(errs, fmt.Errorf("rule %s: %w", name, cause(&err)))
		}
	}
	return errors.Join(errs...)
}

// asFile is the rule as Prometheus reads it from a file, less what it cannot refuse: times, which were read and written as
// Prometheus does, and plain texts, which are not templates. Each template costs more than the rest of the rule.
func asFile(rule monitoringv1.Rule) *rulefmt.Rule {
	return &rulefmt.Rule{
		Record: rule.Record, Alert: rule.Alert, Expr: rule.Expr.String(),
		Labels: refusable(rule.Labels), Annotations: refusable(rule.Annotations),
	}
}

// refusable are the pairs that Prometheus may refuse. Names have been checked.
func refusable(pairs map[string]string) map[string]string {
	some := map[string]string{}
	for name, text := range pairs {
		if strings.Contains(text, "{{") || !utf8.ValidString(text) {
			some[name] = text
		}
	}
	return some
}

// lintTemplate returns what Prometheus would refuse in the value of an alert's label or annotation.
func lintTemplate(text string) error {
	rule := rulefmt.Rule{Alert: "Alert", Expr: "1", Annotations: refusable(map[string]string{"text": text})}
	var errs []error
	for _, err := range rule.Validate(rulefmt.RuleNode{}, model.LegacyValidation, parser.NewParser(parser.Options{})) {
		errs = append(errs, errors.Unwrap(cause(&err)))
	}
	return errors.Join(errs...)
}

// cause is the error without the place in a file, for there is none.
func cause(err *rulefmt.WrappedError) error { return errors.Unwrap(err) }
