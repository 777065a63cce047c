package observe

import (
	"cmp"
	"slices"

	"github.com/prometheus-community/prom-label-proxy/injectproxy"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
)

// parse reads an expression; nil when it cannot be read.
func parse(expr string) parser.Expr {
	parsed, err := alert.Parse(expr)
	if err != nil {
		return nil
	}
	return parsed
}

// canonical prints the expression with the matchers of every selector in order, so that neither layout nor their order
// matters. It changes the expression.
func canonical(expr parser.Expr) string {
	for _, selector := range selectors(expr) {
		slices.SortFunc(selector.LabelMatchers, func(a, b *labels.Matcher) int {
			return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Type, b.Type), cmp.Compare(a.Value, b.Value))
		})
	}
	return expr.String()
}

// selectors are those of the expression, in the order in which they stand in it.
func selectors(expr parser.Expr) (all []*parser.VectorSelector) {
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			all = append(all, selector)
		}
		return nil
	})
	return all
}

// equivalent reports whether the expression that Prometheus holds is the one that we wrote, but for equality matchers of
// other labels in every selector. An operator with enforcedNamespaceLabel adds such, and the label to what the rules give.
func equivalent(ours, held string) bool {
	want, have := parse(ours), parse(held)
	if want == nil || have == nil {
		return ours == held
	}
	enforcer := injectproxy.NewPromQLEnforcer(false, added(selectors(want), selectors(have))...)
	text := canonical(have)
	// The operator's own walk does not reach into the parameter of an aggregation.
	if enforcer.EnforceNode(want) == nil && canonical(want) == text {
		return true
	}
	for _, selector := range selectors(want) {
		matchers, err := enforcer.EnforceMatchers(selector.LabelMatchers)
		if err != nil {
			return false
		}
		selector.LabelMatchers = matchers
	}
	return canonical(want) == text
}

// added are the equality matchers that the first of the held selectors with such has beyond ours, of labels that none of
// ours matches: so nothing of ours is replaced when they are enforced.
func added(ours, held []*parser.VectorSelector) (added []*labels.Matcher) {
	if len(ours) != len(held) {
		return nil
	}
	matches := func(selector *parser.VectorSelector, label string) bool {
		return slices.ContainsFunc(selector.LabelMatchers, func(m *labels.Matcher) bool { return m.Name == label })
	}
	for i := 0; i < len(held) && added == nil; i++ {
		for _, matcher := range held[i].LabelMatchers {
			known := slices.ContainsFunc(ours, func(s *parser.VectorSelector) bool { return matches(s, matcher.Name) })
			if matcher.Type == labels.MatchEqual && matcher.Name != model.MetricNameLabel && !known {
				added = append(added, matcher)
			}
		}
	}
	return added
}
