package alert

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/promql/parser"
)

// Query is how the history of a rule is asked for.
type Query struct {
	// Expr gives, at every step of a range query, what the rule's expression gives when it is evaluated then: the alert
	// fires where it has a sample.
	Expr string
	// PerEvaluation is set when only an expression that is asked for each evaluation on its own does so.
	PerEvaluation bool
	// Inexact says why a replay can differ from what Prometheus would do; empty when it is the same.
	Inexact []string
}

// Query returns how to ask for the rule's history. lacks reports whether Prometheus lacks a series that the set records: its
// expression is put in then.
func (s Set) Query(r Rule, lacks func(record string) bool) (Query, error) {
	expr, err := parse(r.Expr)
	if err != nil {
		return Query{}, fmt.Errorf("%s: %w", r.Ref, err)
	}
	in := inliner{set: s, at: r.Ref, lacks: lacks}
	var q Query
	q.Expr, q.PerEvaluation = ranged(in.inline(expr, nil))
	if in.isPutIn && strings.Contains(r.Expr, model.MetricNameLabel) {
		in.differs("the records that are put in have no name, but the expression reads %s", model.MetricNameLabel)
	}
	q.Inexact = in.inexact
	names := r.serverLabels()
	slices.Sort(names)
	for _, name := range names {
		q.Inexact = append(q.Inexact, fmt.Sprintf("the label %s is a template that asks the server: its alerts may be told apart otherwise", name))
	}
	return q, nil
}

// RangeExpr returns the expression that gives, at every step of a range query, what the given one gives when it is evaluated
// then; perEvaluation when only one that is asked for each evaluation on its own does so. What cannot be read stays as it is.
func RangeExpr(expr string) (text string, perEvaluation bool) {
	parsed, err := parse(expr)
	if err != nil || !ofRange.MatchString(expr) {
		return expr, false
	}
	return ranged(parsed)
}

// Offset returns the expression that gives at every time what the given one gives that much earlier; not ok when the expression
// depends on the time by itself or cannot be read.
func Offset(expr string, offset time.Duration) (text string, ok bool) {
	parsed, err := parse(expr)
	if err != nil || !shift(parsed, offset) {
		return "", false
	}
	return parsed.String(), true
}

// ofRange is in every expression that may depend on where a range query starts or ends, or on its step.
var ofRange = regexp.MustCompile(`\b(start|end|step|range)\s*\(\s*\)`)

func ranged(expr parser.Expr) (text string, perEvaluation bool) {
	perEvaluation = fixStartAndEnd(expr)
	text = expr.String()
	// step() and range() are of experimental durations; the parser has no node for them everywhere.
	return text, perEvaluation || strings.Contains(text, "step()") || strings.Contains(text, "range()")
}

// fixStartAndEnd removes @ start() and @ end(): a rule's query starts and ends at the evaluation, which is where a selector
// without them looks. In a subquery they are not the same; then it reports that the range must be asked for piece by piece.
func fixStartAndEnd(expr parser.Expr) (perEvaluation bool) {
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		var at *parser.ItemType
		switch n := node.(type) {
		case *parser.VectorSelector:
			at = &n.StartOrEnd
		case *parser.SubqueryExpr:
			at = &n.StartOrEnd
		}
		if at == nil || *at == 0 {
			return nil
		}
		isSubquery := func(n parser.Node) bool { _, is := n.(*parser.SubqueryExpr); return is }
		if slices.ContainsFunc(path, isSubquery) {
			perEvaluation = true
		} else {
			*at = 0
		}
		return nil
	})
	return perEvaluation
}
