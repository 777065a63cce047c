package rules

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prometheus-community/prom-label-proxy/injectproxy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

func resolveExpr(t *v1alpha1.AlertThreshold, spec *field.Path) (Value, field.ErrorList) {
	value := Value{
		Unit:   signal.Unit(t.Spec.Unit),
		Min:    math.Inf(-1),
		Max:    math.Inf(1),
		Title:  "The value of " + t.Spec.Alert,
		source: "spec.expr",
	}
	var errs field.ErrorList
	if value.Unit == "" {
		value.Unit = signal.Number
	}
	if !slices.Contains(signal.Units(), value.Unit) {
		errs = append(errs, field.NotSupported(spec.Child("unit"), value.Unit, signal.Units()))
		value.Unit = ""
	}
	if value.Unit != signal.Number {
		value.Min = 0
	}
	expr, err := enforceNamespace(t.Spec.Expr, t.Namespace)
	if err != nil {
		return value, append(errs, field.Invalid(spec.Child("expr"), t.Spec.Expr, err.Error()))
	}
	value.Expr, value.EmptyWhenHealthy, value.bounds = expr.String(), emptyWhenHealthy(expr), boundsOf(expr)
	return value, errs
}

// enforceNamespace parses the expression and makes every selector in it match the namespace, also those in the parameter of an
// aggregation, which injectproxy's own walk leaves out. The error says what is wrong with the expression.
func enforceNamespace(text, namespace string) (parser.Expr, error) {
	if err := checkRegexps(text); err != nil {
		return nil, err
	}
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		return nil, fmt.Errorf("is not PromQL that Prometheus can read: %s", strings.TrimSpace(err.Error()))
	}
	if err := checkDepth(expr); err != nil {
		return nil, err
	}
	if kind := expr.Type(); kind != parser.ValueTypeVector && kind != parser.ValueTypeScalar {
		return nil, fmt.Errorf("must give one value per series (an instant vector), not a %s: for a range, wrap it, as in rate(...)",
			parser.DocumentedType(kind))
	}

	enforcer := injectproxy.NewPromQLEnforcer(true, labels.MustNewMatcher(labels.MatchEqual, "namespace", namespace))
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok && err == nil {
			selector.LabelMatchers, err = enforcer.EnforceMatchers(selector.LabelMatchers)
		}
		return err
	})
	if errors.Is(err, injectproxy.ErrIllegalLabelMatcher) {
		return nil, fmt.Errorf("must watch its own namespace %q only, remove the namespace matcher: %w", namespace, err)
	}
	if err != nil {
		return nil, fmt.Errorf("enforcing namespace %q: %w", namespace, err)
	}
	return expr, nil
}
