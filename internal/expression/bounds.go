package expression

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// EmptyWhenHealthy reports whether an expression has no sample while all is well: nothing passes its comparison, or what it
// looks for is not there.
func EmptyWhenHealthy(expr parser.Expr) bool {
	switch e := expr.(type) {
	case *parser.ParenExpr:
		return EmptyWhenHealthy(e.Expr)
	case *parser.UnaryExpr:
		return EmptyWhenHealthy(e.Expr)
	case *parser.SubqueryExpr:
		return EmptyWhenHealthy(e.Expr)
	case *parser.MatrixSelector:
		return EmptyWhenHealthy(e.VectorSelector)
	case *parser.AggregateExpr:
		return EmptyWhenHealthy(e.Expr)
	case *parser.VectorSelector:
		return isOfAlerts(e)
	case *parser.Call:
		return isAbsent(e) || e.Func.ReturnType == parser.ValueTypeVector && slices.ContainsFunc(e.Args, EmptyWhenHealthy)
	case *parser.BinaryExpr:
		switch {
		case e.Op == parser.LOR:
			return EmptyWhenHealthy(e.LHS) && EmptyWhenHealthy(e.RHS)
		case e.Op == parser.LAND, e.Op == parser.LUNLESS, e.Op.IsComparisonOperator() && !e.ReturnBool:
			return true
		default:
			return EmptyWhenHealthy(e.LHS) || EmptyWhenHealthy(e.RHS)
		}
	}
	return false
}

func isAbsent(call *parser.Call) bool {
	return call.Func.Name == "absent" || call.Func.Name == "absent_over_time"
}

// isOfAlerts reports whether the selector is of ALERTS, which Prometheus itself writes: 1 while an alert is active.
func isOfAlerts(selector *parser.VectorSelector) bool {
	return slices.ContainsFunc(selector.LabelMatchers, func(m *labels.Matcher) bool {
		return m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual && m.Value == "ALERTS"
	})
}

// Bound is the least or the greatest value that an expression can have: what in it makes it so, and how to write what may be meant, in
// which %s stands for Limit in the level's unit. Because is empty where the expression does not say it by itself.
type Bound struct {
	Value float64
	// Limit is Value as it is written, which > and < leave out.
	Limit        float64
	Because, Fix string
}

// Bounds are those of an expression, infinite where it has none. NaN lies in none, and meets no comparison but !=.
type Bounds struct{ Least, Greatest Bound }

// AreEmpty reports whether no number lies in them.
func (b Bounds) AreEmpty() bool { return b.Least.Value > b.Greatest.Value }

func between(least, greatest float64, because, fix string) Bounds {
	return Bounds{Bound{least, least, because, fix}, Bound{greatest, greatest, because, fix}}
}

// intersect returns what lies in both; of the same Bounds the first one's.
func (b Bounds) intersect(inner Bounds) Bounds {
	if inner.Least.Value > b.Least.Value {
		b.Least = inner.Least
	}
	if inner.Greatest.Value < b.Greatest.Value {
		b.Greatest = inner.Greatest
	}
	return b
}

// join returns what lies in either, and all between.
func (b Bounds) join(other Bounds) Bounds {
	compare := func(a, b Bound) int { return cmp.Compare(a.Value, b.Value) }
	return Bounds{slices.MinFunc([]Bound{b.Least, other.Least}, compare), slices.MaxFunc([]Bound{b.Greatest, other.Greatest}, compare)}
}

var (
	unbounded = between(math.Inf(-1), math.Inf(1), "", "")
	positive  = between(0, math.Inf(1), "", "")
	never     = between(math.Inf(1), math.Inf(-1), "", "")
)

// functions have values between two, whatever they are given. A counter neither falls nor is it negative.
var functions = map[string][2]float64{
	"abs": {0, math.Inf(1)}, "exp": {0, math.Inf(1)}, "sqrt": {0, math.Inf(1)}, "sgn": {-1, 1},
	"rate": {0, math.Inf(1)}, "irate": {0, math.Inf(1)}, "increase": {0, math.Inf(1)}, "changes": {0, math.Inf(1)}, "resets": {0, math.Inf(1)},
	"histogram_count": {0, math.Inf(1)}, "stddev_over_time": {0, math.Inf(1)}, "stdvar_over_time": {0, math.Inf(1)}, "count_over_time": {1, math.Inf(1)},
	"absent": {1, 1}, "absent_over_time": {1, 1}, "present_over_time": {1, 1},
	"minute": {0, 59}, "hour": {0, 23}, "day_of_week": {0, 6}, "day_of_month": {1, 31}, "day_of_year": {1, 366}, "days_in_month": {28, 31}, "month": {1, 12},
}

// BoundsOf returns the Bounds of the expression's values, as far as it says them itself.
func BoundsOf(expr parser.Expr) Bounds {
	if number, ok := Constant(expr); ok && !math.IsNaN(number) {
		return between(number, number, "", "")
	}
	switch e := expr.(type) {
	case *parser.ParenExpr:
		return BoundsOf(e.Expr)
	case *parser.VectorSelector:
		if isOfAlerts(e) {
			return between(1, 1, "ALERTS is 1 or not there", "write above: 0")
		}
	case *parser.AggregateExpr:
		return boundsOfAggregate(e)
	case *parser.Call:
		return boundsOfCall(e)
	case *parser.BinaryExpr:
		return boundsOfBinary(e)
	}
	return unbounded
}

func boundsOfAggregate(e *parser.AggregateExpr) Bounds {
	of := BoundsOf(e.Expr)
	switch e.Op {
	case parser.COUNT:
		counted := positive
		counted.Least = Bound{1, 1, "count gives no 0, but nothing at all where there is nothing to count", "write count(...) or vector(0)"}
		return counted
	case parser.GROUP:
		return between(1, 1, "group gives 1 or nothing", "write above: 0")
	case parser.STDDEV, parser.STDVAR:
		return positive
	case parser.MIN, parser.MAX, parser.AVG, parser.TOPK, parser.BOTTOMK:
		return of
	case parser.SUM:
		if of.Least.Value >= 0 {
			of.Greatest = unbounded.Greatest
			return of
		}
	}
	return unbounded
}

func boundsOfCall(e *parser.Call) Bounds {
	name := e.Func.Name
	switch name {
	case "vector", "label_replace", "label_join", "sort", "sort_desc":
		return BoundsOf(e.Args[0])
	}
	values, known := functions[name]
	switch {
	case !known:
		return unbounded
	case values[0] == values[1]:
		return between(values[0], values[1], name+" gives 1 or nothing", "write above: 0")
	}
	b := between(values[0], values[1], "", "")
	b.Least.Because, b.Least.Fix = name+" gives nothing below "+number(values[0]), "write a value above %s"
	if !math.IsInf(values[1], 1) {
		b.Greatest.Because, b.Greatest.Fix = name+" gives nothing above "+number(values[1]), "write a value below %s"
	}
	return b
}

func number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func boundsOfBinary(e *parser.BinaryExpr) Bounds {
	left, right := BoundsOf(e.LHS), BoundsOf(e.RHS)
	switch {
	case e.Op.IsComparisonOperator() && e.ReturnBool:
		return between(0, 1, "a comparison with bool gives 0 or 1", "write above: 0 or below: 1")
	case e.Op.IsComparisonOperator() && e.LHS.Type() == parser.ValueTypeScalar:
		return right.compared(Mirrored[e.Op], left)
	case e.Op.IsComparisonOperator():
		return left.compared(e.Op, right)
	case e.Op == parser.LAND && MatchesItself(e) && filtered(e.LHS).String() == filtered(e.RHS).String():
		return left.intersect(right)
	case e.Op == parser.LAND, e.Op == parser.LUNLESS:
		return left
	case e.Op == parser.LOR:
		return left.join(right)
	case left.Least.Value >= 0 && right.Least.Value >= 0 && (e.Op == parser.ADD || e.Op == parser.MUL || e.Op == parser.DIV):
		return positive
	}
	return unbounded
}

// Mirrored are the comparisons as they read with their sides swapped.
var Mirrored = map[parser.ItemType]parser.ItemType{
	parser.LSS: parser.GTR, parser.LTE: parser.GTE, parser.GTR: parser.LSS, parser.GTE: parser.LTE, parser.EQLC: parser.EQLC, parser.NEQ: parser.NEQ,
}

// compared are the values for which the comparison with some number of the other can hold: it keeps them as they are.
func (b Bounds) compared(op parser.ItemType, with Bounds) Bounds {
	limit, because, fix := with.Least.Value, "", ""
	if isConstant := limit == with.Greatest.Value && with.Least.Because == ""; isConstant {
		because = fmt.Sprintf("a comparison keeps values as they are, and spec.expr only those that are %s %s", op, number(limit))
	}
	kept := unbounded
	switch op {
	case parser.EQLC:
		if because != "" {
			fix = fmt.Sprintf("write == bool %s, which gives 1 where it holds, and above: 0", number(limit))
		}
		if limit == 0 && because != "" {
			fix = "leave the comparison out and write below with a value just above 0 (below: 1 of a count), or " + fix
		}
		kept = between(with.Least.Value, with.Greatest.Value, because, fix)
	case parser.LSS, parser.LTE:
		limit = with.Greatest.Value
		kept.Greatest = Bound{limit, limit, because, "leave the comparison out and write below: %s"}
		if op == parser.LSS {
			kept.Greatest.Value = math.Nextafter(limit, math.Inf(-1))
		}
		if op == parser.LSS && math.IsInf(limit, -1) {
			return never
		}
	case parser.GTR, parser.GTE:
		kept.Least = Bound{limit, limit, because, "leave the comparison out and write above: %s"}
		if op == parser.GTR {
			kept.Least.Value = math.Nextafter(limit, math.Inf(1))
		}
		if op == parser.GTR && math.IsInf(limit, 1) {
			return never
		}
	case parser.NEQ:
		if b.Least.Value == b.Greatest.Value && limit == with.Greatest.Value && b.Least.Value == limit {
			return never
		}
	}
	return kept.intersect(b)
}

// MatchesItself reports whether each series of one side meets the series with the same labels on the other, and no other.
func MatchesItself(e *parser.BinaryExpr) bool {
	return e.VectorMatching != nil && !e.VectorMatching.On && len(e.VectorMatching.MatchingLabels) == 0
}

// filtered is what is compared, without the comparisons with numbers.
func filtered(expr parser.Expr) parser.Expr {
	expr = Unwrap(expr)
	if b, is := expr.(*parser.BinaryExpr); is && b.Op.IsComparisonOperator() && !b.ReturnBool {
		if _, isNumber := Constant(b.RHS); isNumber {
			return filtered(b.LHS)
		}
		if _, isNumber := Constant(b.LHS); isNumber {
			return filtered(b.RHS)
		}
	}
	return expr
}

// Unwrap is the expression without the parentheses around it.
func Unwrap(expr parser.Expr) parser.Expr {
	for {
		paren, ok := expr.(*parser.ParenExpr)
		if !ok {
			return expr
		}
		expr = paren.Expr
	}
}

// Constant is the number that an expression of nothing but numbers gives, such as 14.4 * (1 - 0.99).
func Constant(expr parser.Expr) (v float64, ok bool) {
	switch e := Unwrap(expr).(type) {
	case *parser.NumberLiteral:
		return e.Val, true
	case *parser.UnaryExpr:
		v, ok = Constant(e.Expr)
		if e.Op == parser.SUB {
			v = -v
		}
		return v, ok
	case *parser.BinaryExpr:
		left, isLeft := Constant(e.LHS)
		right, isRight := Constant(e.RHS)
		if !isLeft || !isRight {
			return 0, false
		}
		switch e.Op {
		case parser.ADD:
			return left + right, true
		case parser.SUB:
			return left - right, true
		case parser.MUL:
			return left * right, true
		case parser.DIV:
			return left / right, true
		case parser.POW:
			return math.Pow(left, right), true
		}
	}
	return 0, false
}
