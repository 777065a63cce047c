package alert

import (
	"math"

	"github.com/prometheus/prometheus/promql/parser"
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
	if (b.Op == parser.GTR || b.Op == parser.LSS) && matchesItself(b) && b.LHS.String() == b.RHS.String() {
		return true
	}
	return (b.Op.IsComparisonOperator() || b.Op == parser.LAND) && rangeOf(b).isEmpty()
}

// valueRange is what the values of an expression lie between, both included. NaN lies in none, and meets no comparison but !=.
type valueRange struct{ least, greatest float64 }

var (
	anyNumber = valueRange{math.Inf(-1), math.Inf(1)}
	positive  = valueRange{0, math.Inf(1)}
)

// functionRanges are those of functions, whatever they are given. A counter neither falls nor is it negative.
var functionRanges = map[string]valueRange{
	"abs": positive, "exp": positive, "sqrt": positive, "sgn": {-1, 1},
	"rate": positive, "irate": positive, "increase": positive, "changes": positive, "resets": positive,
	"histogram_count": positive, "stddev_over_time": positive, "stdvar_over_time": positive, "count_over_time": {1, math.Inf(1)},
	"absent": {1, 1}, "absent_over_time": {1, 1}, "present_over_time": {1, 1},
	"minute": {0, 59}, "hour": {0, 23}, "day_of_week": {0, 6}, "day_of_month": {1, 31}, "day_of_year": {1, 366}, "days_in_month": {28, 31}, "month": {1, 12},
}

func (s valueRange) isEmpty() bool { return s.least > s.greatest }

func (s valueRange) and(o valueRange) valueRange {
	return valueRange{max(s.least, o.least), min(s.greatest, o.greatest)}
}

// rangeOf returns the range of an expression whose parts can have values.
func rangeOf(expr parser.Expr) valueRange {
	if number, is := constant(expr); is {
		return valueRange{number, number}
	}
	switch e := expr.(type) {
	case *parser.ParenExpr:
		return rangeOf(e.Expr)
	case *parser.AggregateExpr:
		return rangeOfAggregate(e)
	case *parser.Call:
		if s, is := functionRanges[e.Func.Name]; is {
			return s
		}
		switch e.Func.Name {
		case "vector", "label_replace", "label_join", "sort", "sort_desc":
			return rangeOf(e.Args[0])
		}
	case *parser.BinaryExpr:
		return rangeOfBinary(e)
	}
	return anyNumber
}

func rangeOfAggregate(e *parser.AggregateExpr) valueRange {
	of := rangeOf(e.Expr)
	switch e.Op {
	case parser.COUNT:
		return valueRange{1, math.Inf(1)}
	case parser.GROUP:
		return valueRange{1, 1}
	case parser.STDDEV, parser.STDVAR:
		return positive
	case parser.MIN, parser.MAX, parser.AVG, parser.TOPK, parser.BOTTOMK:
		return of
	case parser.SUM:
		if of.least >= 0 {
			return valueRange{of.least, math.Inf(1)}
		}
	}
	return anyNumber
}

func rangeOfBinary(e *parser.BinaryExpr) valueRange {
	left, right := rangeOf(e.LHS), rangeOf(e.RHS)
	switch {
	case e.Op.IsComparisonOperator() && e.ReturnBool:
		return valueRange{0, 1}
	case e.Op.IsComparisonOperator() && e.LHS.Type() == parser.ValueTypeScalar:
		return compared(right, mirrored[e.Op], left)
	case e.Op.IsComparisonOperator():
		return compared(left, e.Op, right)
	case e.Op == parser.LAND && matchesItself(e) && filtered(e.LHS).String() == filtered(e.RHS).String():
		return left.and(right)
	case e.Op == parser.LAND, e.Op == parser.LUNLESS:
		return left
	case e.Op == parser.LOR:
		return valueRange{min(left.least, right.least), max(left.greatest, right.greatest)}
	case left.least >= 0 && right.least >= 0 && (e.Op == parser.ADD || e.Op == parser.MUL || e.Op == parser.DIV):
		return positive
	}
	return anyNumber
}

// compared is the values of the range for which the comparison with some number of the other can hold.
func compared(s valueRange, op parser.ItemType, with valueRange) valueRange {
	never := valueRange{math.Inf(1), math.Inf(-1)}
	switch op {
	case parser.GTR:
		if math.IsInf(with.least, 1) {
			return never
		}
		return s.and(valueRange{math.Nextafter(with.least, math.Inf(1)), math.Inf(1)})
	case parser.GTE:
		return s.and(valueRange{with.least, math.Inf(1)})
	case parser.LSS:
		if math.IsInf(with.greatest, -1) {
			return never
		}
		return s.and(valueRange{math.Inf(-1), math.Nextafter(with.greatest, math.Inf(-1))})
	case parser.LTE:
		return s.and(valueRange{math.Inf(-1), with.greatest})
	case parser.EQLC:
		return s.and(with)
	case parser.NEQ:
		if s == with && s.least == s.greatest {
			return never
		}
	}
	return s
}

// matchesItself reports whether each series of one side meets the series with the same labels on the other, and no other.
func matchesItself(e *parser.BinaryExpr) bool {
	return e.VectorMatching != nil && !e.VectorMatching.On && len(e.VectorMatching.MatchingLabels) == 0
}

// filtered is what is compared, without the comparisons with numbers.
func filtered(expr parser.Expr) parser.Expr {
	expr = unwrap(expr)
	if b, is := expr.(*parser.BinaryExpr); is && b.Op.IsComparisonOperator() && !b.ReturnBool {
		if _, isNumber := constant(b.RHS); isNumber {
			return filtered(b.LHS)
		}
		if _, isNumber := constant(b.LHS); isNumber {
			return filtered(b.RHS)
		}
	}
	return expr
}
