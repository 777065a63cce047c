package alert

import (
	"slices"

	"github.com/prometheus/prometheus/promql/parser"
)

// Selector is what an expression reads.
type Selector struct {
	// Metric is the name; empty when the selector is not of one metric alone.
	Metric string
	// Text is the selector, without a range, offset or @.
	Text string
}

func selectorOf(v *parser.VectorSelector) Selector {
	bare := parser.VectorSelector{Name: v.Name, LabelMatchers: v.LabelMatchers}
	return Selector{Metric: nameOf(v), Text: bare.String()}
}

// Selectors returns what the expression reads, each once, in order; none when it cannot be read. ALERTS and ALERTS_FOR_STATE are left
// out: that no alert has fired is not a fault.
func Selectors(expr string) (all []Selector) {
	parsed, err := parse(expr)
	if err != nil {
		return nil
	}
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if v, is := node.(*parser.VectorSelector); is && !isAlerts(nameOf(v)) && !slices.Contains(all, selectorOf(v)) {
			all = append(all, selectorOf(v))
		}
		return nil
	})
	return all
}

// Missing returns those selectors without whose series the expression has no value, if none of the absent ones has any; none when it can
// have a value all the same, as that of absent() has.
func Missing(expr string, absent func(Selector) bool) []Selector {
	parsed, err := parse(expr)
	if err != nil {
		return nil
	}
	return empty(parsed, func(e parser.Expr) (s Selector, is bool) {
		v, is := e.(*parser.VectorSelector)
		if !is || isAlerts(nameOf(v)) || !absent(selectorOf(v)) {
			return Selector{}, false
		}
		return selectorOf(v), true
	})
}

// empty returns why the expression has no value, as far as parts have none for the reason that because gives; nil when it can have one.
func empty[T any](expr parser.Expr, because func(parser.Expr) (T, bool)) (reasons []T) {
	switch e := expr.(type) {
	case *parser.ParenExpr:
		reasons = empty(e.Expr, because)
	case *parser.UnaryExpr:
		reasons = empty(e.Expr, because)
	case *parser.SubqueryExpr:
		reasons = empty(e.Expr, because)
	case *parser.MatrixSelector:
		reasons = empty(e.VectorSelector, because)
	case *parser.AggregateExpr:
		reasons = empty(e.Expr, because)
	case *parser.BinaryExpr:
		reasons = emptyBinary(e, because)
	case *parser.Call:
		if slices.Contains([]string{"absent", "absent_over_time", "scalar", "vector"}, e.Func.Name) {
			break // these have a value for nothing too
		}
		for _, arg := range e.Args {
			if reasons == nil {
				reasons = empty(arg, because)
			}
		}
	}
	if reason, is := because(expr); is && reasons == nil {
		reasons = []T{reason}
	}
	return reasons
}

func emptyBinary[T any](e *parser.BinaryExpr, because func(parser.Expr) (T, bool)) []T {
	left, right := empty(e.LHS, because), empty(e.RHS, because)
	switch {
	case e.Op == parser.LUNLESS:
		return left
	case e.Op == parser.LOR && (left == nil || right == nil):
		return nil
	case e.Op == parser.LOR:
		return append(left, right...)
	case e.VectorMatching != nil && (e.VectorMatching.FillValues.LHS != nil || e.VectorMatching.FillValues.RHS != nil):
		return nil
	case left != nil:
		return left
	}
	return right
}
