package alert

import (
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/plimsoll-dev/plimsoll/internal/expression"
)

// Contradiction returns the part of the expression because of which it never has a value, whatever the metrics: a comparison that no
// number meets, such as x > 5 < 3, or count(x) == 0. It is empty when there is none, and when only the data can tell.
func Contradiction(expr string) string {
	parsed, err := parse(expr)
	if err != nil {
		return ""
	}
	parts := empty(parsed, func(e parser.Expr) (string, bool) { return e.String(), contradicts(e) })
	if len(parts) == 0 {
		return ""
	}
	return parts[0]
}

func contradicts(expr parser.Expr) bool {
	b, is := expr.(*parser.BinaryExpr)
	if !is || b.ReturnBool || b.Type() != parser.ValueTypeVector {
		return false
	}
	if (b.Op == parser.GTR || b.Op == parser.LSS) && expression.MatchesItself(b) && b.LHS.String() == b.RHS.String() {
		return true
	}
	return (b.Op.IsComparisonOperator() || b.Op == parser.LAND) && expression.BoundsOf(b).AreEmpty()
}
