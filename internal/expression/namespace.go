// Package expression is what can be said of a user's PromQL before Prometheus sees it: whose series it reads, what it costs, and
// which values it can have. It is pure.
package expression

import (
	"errors"
	"fmt"
	"strings"

	"github.com/prometheus-community/prom-label-proxy/injectproxy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Parse parses the expression. The error says what is wrong with it.
func Parse(text string) (parser.Expr, error) {
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
	return expr, nil
}

// EnforceNamespace parses the expression and makes every selector in it match the namespace, also those in the parameter of an
// aggregation, which injectproxy's own walk leaves out. The error says what is wrong with the expression.
func EnforceNamespace(text, namespace string) (parser.Expr, error) {
	expr, err := Parse(text)
	if err != nil {
		return nil, err
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
