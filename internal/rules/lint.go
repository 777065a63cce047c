package rules

import (
	"errors"
	"fmt"
	"log/slog"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"sigs.k8s.io/yaml"
)

// lint reads the groups as Prometheus reads a rule file, with its own code, and returns what it would refuse. The
// Prometheus Operator loads all rules of a Prometheus together, so a bad one must never get out.
func lint(groups []monitoringv1.RuleGroup) error {
	file, err := yaml.Marshal(monitoringv1.PrometheusRuleSpec{Groups: groups})
	if err != nil {
		return fmt.Errorf("write the rule file: %w", err)
	}
	_, errs := rulefmt.Parse(file, false, model.LegacyValidation, parser.NewParser(parser.Options{}), slog.New(slog.DiscardHandler))
	return errors.Join(errs...)
}

// lintTemplate returns what Prometheus would refuse in the value of an alert's label or annotation.
func lintTemplate(text string) error {
	rule := rulefmt.Rule{Alert: "Alert", Expr: "vector(1)", Annotations: map[string]string{"text": text}}
	var errs []error
	for _, err := range rule.Validate(rulefmt.RuleNode{}, model.LegacyValidation, parser.NewParser(parser.Options{})) {
		errs = append(errs, errors.Unwrap(errors.Unwrap(&err)))
	}
	return errors.Join(errs...)
}
