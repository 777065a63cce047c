package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// emptyWhenHealthy reports whether an expression has no sample while all is well: nothing passes its comparison, or what it
// looks for is not there.
func emptyWhenHealthy(expr parser.Expr) bool {
	switch e := expr.(type) {
	case *parser.ParenExpr:
		return emptyWhenHealthy(e.Expr)
	case *parser.UnaryExpr:
		return emptyWhenHealthy(e.Expr)
	case *parser.SubqueryExpr:
		return emptyWhenHealthy(e.Expr)
	case *parser.MatrixSelector:
		return emptyWhenHealthy(e.VectorSelector)
	case *parser.AggregateExpr:
		return emptyWhenHealthy(e.Expr)
	case *parser.VectorSelector:
		return isOfAlerts(e)
	case *parser.Call:
		return isAbsent(e) || e.Func.ReturnType == parser.ValueTypeVector && slices.ContainsFunc(e.Args, emptyWhenHealthy)
	case *parser.BinaryExpr:
		switch {
		case e.Op == parser.LOR:
			return emptyWhenHealthy(e.LHS) && emptyWhenHealthy(e.RHS)
		case e.Op == parser.LAND, e.Op == parser.LUNLESS, e.Op.IsComparisonOperator() && !e.ReturnBool:
			return true
		default:
			return emptyWhenHealthy(e.LHS) || emptyWhenHealthy(e.RHS)
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

// bound is the least or the greatest value that an expression can have: what in it makes it so, and how to write what may be meant, in
// which %s stands for the value in the level's unit.
type bound struct {
	value        float64
	because, fix string
}

// bounds are those of an expression, infinite where it has none by itself.
type bounds struct{ least, greatest bound }

func between(least, greatest float64, because, fix string) bounds {
	return bounds{bound{least, because, fix}, bound{greatest, because, fix}}
}

// intersect returns what lies in both; of the same bounds the first one's.
func (b bounds) intersect(inner bounds) bounds {
	if inner.least.value > b.least.value {
		b.least = inner.least
	}
	if inner.greatest.value < b.greatest.value {
		b.greatest = inner.greatest
	}
	return b
}

// boundsOf returns the bounds of the expression's values, as far as it says them itself.
func boundsOf(expr parser.Expr) bounds {
	unbounded := between(math.Inf(-1), math.Inf(1), "", "")
	switch e := expr.(type) {
	case *parser.ParenExpr:
		return boundsOf(e.Expr)
	case *parser.VectorSelector:
		if isOfAlerts(e) {
			return between(1, 1, "ALERTS is 1 or not there", "write above: 0")
		}
	case *parser.AggregateExpr:
		switch e.Op {
		case parser.MAX, parser.MIN, parser.TOPK, parser.BOTTOMK:
			return boundsOf(e.Expr)
		case parser.COUNT:
			unbounded.least = bound{1, "count gives no 0, but nothing at all where there is nothing to count", "write count(...) or vector(0)"}
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
			return boundsOf(e.LHS)
		case e.Op == parser.LOR:
			a, b := boundsOf(e.LHS), boundsOf(e.RHS)
			return bounds{slices.MinFunc([]bound{a.least, b.least}, compareBounds), slices.MaxFunc([]bound{a.greatest, b.greatest}, compareBounds)}
		case e.ReturnBool:
			return between(0, 1, "a comparison with bool gives 0 or 1", "write above: 0 or below: 1")
		case e.Op.IsComparisonOperator():
			return boundsOfComparison(e)
		}
	}
	return unbounded
}

func compareBounds(a, b bound) int { return cmp.Compare(a.value, b.value) }

// mirrored are the comparisons as they read with their sides swapped.
var mirrored = map[parser.ItemType]parser.ItemType{parser.LSS: parser.GTR, parser.LTE: parser.GTE, parser.GTR: parser.LSS, parser.GTE: parser.LTE}

// boundsOfComparison are those of the values that pass a comparison, which keeps them as they are.
func boundsOfComparison(e *parser.BinaryExpr) bounds {
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
	inner := boundsOf(kept)
	if !ok {
		return inner
	}
	number := promNumber(limit)
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

// neverCrossed says why no value of the expression crosses the level, and the fix; empty when one may.
func (v Value) neverCrossed(level Level) string {
	reached := v.bounds.greatest
	if level.Comparison == Below {
		reached = v.bounds.least
	}
	if reached.because == "" || level.Crossed(reached.value) {
		return ""
	}
	return fmt.Sprintf("can never fire, for %s: %s", reached.because, strings.ReplaceAll(reached.fix, "%s", level.Unit.Format(reached.value)))
}
