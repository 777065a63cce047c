package bucket

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"
)

// Query is PromQL that counts, for each bound, the series of the histograms that an expression is a quantile of.
type Query struct {
	Expr string
	// Metric is the name of the first histogram, without _bucket; empty when the expression does not say it.
	Metric string
}

// histogramLabel holds in Query's answer which of the expression's histograms it is.
const histogramLabel = "histogram"

// QueryOf returns the query for an expression whose values are quantiles of histograms; not ok for any other.
func QueryOf(expr string) (q Query, ok bool) {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return Query{}, false
	}
	histograms, ok := quantiles(parsed)
	if !ok || len(histograms) == 0 {
		return Query{}, false
	}
	parts := make([]string, len(histograms))
	for i, histogram := range histograms {
		parts[i] = fmt.Sprintf(`label_replace(count by (le) (%s), %q, %q, "", "")`, histogram, histogramLabel, strconv.Itoa(i))
	}
	return Query{Expr: strings.Join(parts, " or "), Metric: metricOf(histograms[0])}, true
}

// quantiles returns the histograms that the values of the expression are quantiles of; not ok when a value may be something
// else, but for 0, which every histogram can show.
func quantiles(expr parser.Expr) (histograms []parser.Expr, ok bool) {
	switch e := expr.(type) {
	case *parser.ParenExpr:
		return quantiles(e.Expr)
	case *parser.BinaryExpr:
		return quantilesOfBinary(e)
	case *parser.AggregateExpr:
		if e.Op == parser.MAX || e.Op == parser.MIN {
			return quantiles(e.Expr)
		}
	case *parser.Call:
		switch e.Func.Name {
		case "histogram_quantile":
			return []parser.Expr{summed(e.Args[1])}, true
		case "label_replace", "label_join":
			return quantiles(e.Args[0])
		case "vector":
			number, isNumber := e.Args[0].(*parser.NumberLiteral)
			return nil, isNumber && number.Val == 0
		}
	}
	return nil, false
}

func quantilesOfBinary(e *parser.BinaryExpr) (histograms []parser.Expr, ok bool) {
	switch {
	case e.Op == parser.LOR:
		left, ok := quantiles(e.LHS)
		right, okRight := quantiles(e.RHS)
		return slices.Concat(left, right), ok && okRight
	case e.Op == parser.LAND, e.Op == parser.LUNLESS:
		return quantiles(e.LHS)
	case e.Op.IsComparisonOperator() && !e.ReturnBool:
		if e.LHS.Type() == parser.ValueTypeScalar {
			return quantiles(e.RHS)
		}
		return quantiles(e.LHS)
	}
	return nil, false
}

// summed returns the series that the expression adds up; itself when it does not.
func summed(expr parser.Expr) parser.Expr {
	switch e := expr.(type) {
	case *parser.ParenExpr:
		return summed(e.Expr)
	case *parser.AggregateExpr:
		if slices.Contains([]parser.ItemType{parser.SUM, parser.AVG, parser.MAX, parser.MIN}, e.Op) {
			return e.Expr
		}
	}
	return expr
}

// metricOf is the name in the first selector of the expression.
func metricOf(expr parser.Expr) (name string) {
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok && name == "" {
			name = strings.TrimSuffix(selector.Name, "_bucket")
		}
		return nil
	})
	return name
}
