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
// which %s stands for the value in the level's unit.
type Bound struct {
	Value        float64
	Because, Fix string
}

// Bounds are those of an expression, infinite where it has none by itself.
type Bounds struct{ Least, Greatest Bound }

func between(least, greatest float64, because, fix string) Bounds {
	return Bounds{Bound{least, because, fix}, Bound{greatest, because, fix}}
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

// BoundsOf returns the Bounds of the expression's values, as far as it says them itself.
func BoundsOf(expr parser.Expr) Bounds {
	unbounded := between(math.Inf(-1), math.Inf(1), "", "")
	switch e := expr.(type) {
	case *parser.ParenExpr:
		return BoundsOf(e.Expr)
	case *parser.VectorSelector:
		if isOfAlerts(e) {
			return between(1, 1, "ALERTS is 1 or not there", "write above: 0")
		}
	case *parser.AggregateExpr:
		switch e.Op {
		case parser.MAX, parser.MIN, parser.TOPK, parser.BOTTOMK:
			return BoundsOf(e.Expr)
		case parser.COUNT:
			unbounded.Least = Bound{1, "count gives no 0, but nothing at all where there is nothing to count", "write count(...) or vector(0)"}
		}
	case *parser.Call:
		if isAbsent(e) {
			return between(1, 1, e.Func.Name+" gives 1 or nothing", "write above: 0")
		}
		if value, ok := constant(expr); ok {
			return between(value, value, "", "")
		}
	case *parser.BinaryExpr:
		switch {
		case e.Op == parser.LAND, e.Op == parser.LUNLESS:
			return BoundsOf(e.LHS)
		case e.Op == parser.LOR:
			a, b := BoundsOf(e.LHS), BoundsOf(e.RHS)
			return Bounds{slices.MinFunc([]Bound{a.Least, b.Least}, compareBounds), slices.MaxFunc([]Bound{a.Greatest, b.Greatest}, compareBounds)}
		case e.ReturnBool:
			return between(0, 1, "a comparison with bool gives 0 or 1", "write above: 0 or below: 1")
		case e.Op.IsComparisonOperator():
			return boundsOfComparison(e)
		}
	}
	return unbounded
}

func compareBounds(a, b Bound) int { return cmp.Compare(a.Value, b.Value) }

// mirrored are the comparisons as they read with their sides swapped.
var mirrored = map[parser.ItemType]parser.ItemType{parser.LSS: parser.GTR, parser.LTE: parser.GTE, parser.GTR: parser.LSS, parser.GTE: parser.LTE}

// boundsOfComparison are those of the values that pass a comparison, which keeps them as they are.
func boundsOfComparison(e *parser.BinaryExpr) Bounds {
	op, kept := e.Op, e.LHS
	limit, ok := constant(e.RHS)
	if !ok {
		if limit, ok = constant(e.LHS); ok {
			kept = e.RHS
			if other, found := mirrored[op]; found {
				op = other
			}
		}
	}
	inner := BoundsOf(kept)
	if !ok {
		return inner
	}
	number := strconv.FormatFloat(limit, 'f', -1, 64)
	because := fmt.Sprintf("a comparison keeps values as they are, and spec.expr only those that are %s %s", op, number)
	switch least, greatest := math.Inf(-1), math.Inf(1); op {
	case parser.EQLC:
		fix := fmt.Sprintf("write == bool %s, which gives 1 where it holds, and above: 0", number)
		if limit == 0 {
			fix = "leave the comparison out and write below with a value just above 0 (below: 1 of a count), or " + fix
		}
		return between(limit, limit, because, fix).intersect(inner)
	case parser.LSS, parser.LTE:
		return between(least, limit, because, "leave the comparison out and write below: %s").intersect(inner)
	case parser.GTR, parser.GTE:
		return between(limit, greatest, because, "leave the comparison out and write above: %s").intersect(inner)
	default:
		return inner
	}
}

// constant returns the number that an expression is, such as 5 * 1024.
func constant(expr parser.Expr) (float64, bool) {
	switch e := expr.(type) {
	case *parser.NumberLiteral:
		return e.Val, !math.IsNaN(e.Val)
	case *parser.ParenExpr:
		return constant(e.Expr)
	case *parser.UnaryExpr:
		value, ok := constant(e.Expr)
		if e.Op == parser.SUB {
			value = -value
		}
		return value, ok
	case *parser.Call:
		if e.Func.Name == "vector" {
			return constant(e.Args[0])
		}
	case *parser.BinaryExpr:
		a, ok := constant(e.LHS)
		b, both := constant(e.RHS)
		if !ok || !both {
			return 0, false
		}
		switch e.Op {
		case parser.ADD:
			return a + b, true
		case parser.SUB:
			return a - b, true
		case parser.MUL:
			return a * b, true
		case parser.DIV:
			return a / b, b != 0
		}
	}
	return 0, false
}
