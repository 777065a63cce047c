package alert

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// inliner puts the expressions of records into an expression that reads them.
type inliner struct {
	set Set
	// at is the rule whose expression it is: the alert's, or that of a record that is put in.
	at      Ref
	lacks   func(string) bool
	inexact []string
	// inSubquery is how many subqueries the expression is in: they evaluate it at other times than the rule's.
	inSubquery int
	// isPutIn is set when a record was put in.
	isPutIn bool
}

func (in *inliner) differs(format string, args ...any) {
	reason := fmt.Sprintf(format, args...)
	if !slices.Contains(in.inexact, reason) {
		in.inexact = append(in.inexact, reason)
	}
}

// inline returns the expression with the records in it replaced. open are those whose own expression this is.
func (in *inliner) inline(expr parser.Expr, open []string) parser.Expr {
	switch e := expr.(type) {
	case *parser.VectorSelector:
		in.noteFuture(e.OriginalOffset, e.Timestamp)
		if found := in.find(e, open); found != nil {
			return in.instant(e, found, open)
		}
		in.readBefore(e, false)
	case *parser.MatrixSelector:
		selector, _ := e.VectorSelector.(*parser.VectorSelector)
		if selector == nil {
			break
		}
		in.noteFuture(selector.OriginalOffset, selector.Timestamp)
		if found := in.find(selector, open); found != nil {
			return in.ranged(e, selector, found, open)
		}
		in.readBefore(selector, true)
	case *parser.ParenExpr:
		e.Expr = in.inline(e.Expr, open)
	case *parser.UnaryExpr:
		e.Expr = in.inline(e.Expr, open)
	case *parser.SubqueryExpr:
		in.noteFuture(e.OriginalOffset, e.Timestamp)
		in.inSubquery++
		e.Expr = in.inline(e.Expr, open)
		in.inSubquery--
	case *parser.BinaryExpr:
		e.LHS, e.RHS = in.inline(e.LHS, open), in.inline(e.RHS, open)
	case *parser.AggregateExpr:
		e.Expr = in.inline(e.Expr, open)
		if e.Param != nil {
			e.Param = in.inline(e.Param, open)
		}
	case *parser.Call:
		for i := range e.Args {
			e.Args[i] = in.inline(e.Args[i], open)
		}
	}
	return expr
}

// find returns the records that the selector reads and Prometheus lacks.
func (in *inliner) find(selector *parser.VectorSelector, open []string) (found []Record) {
	name := nameOf(selector)
	for _, r := range in.set.Records {
		if r.Name == name && name != "" {
			found = append(found, r)
		}
	}
	switch {
	case isAlerts(name) && in.lacks != nil && in.lacks(name):
		in.differs("%s is read, which Prometheus lacks: alerts that would have fired are not in it", name)
		return nil
	case len(found) == 0 || in.lacks == nil || !in.lacks(name):
		return nil
	case slices.Contains(open, name):
		in.differs("the record %s reads itself, so it cannot be put in: it is read as Prometheus holds it", name)
		return nil
	case selector.StartOrEnd != 0 || selector.Timestamp != nil:
		in.differs("the record %s is read with @, so it cannot be put in: it is read as Prometheus holds it", name)
		return nil
	}
	in.isPutIn = true
	return found
}

// noteFuture says where the rule reads what may not have been there yet when it was evaluated.
func (in *inliner) noteFuture(offset time.Duration, at *int64) {
	if offset < 0 {
		in.differs("offset -%s reads samples from after the evaluation, which it could not have", model.Duration(-offset))
	}
	if at != nil {
		in.differs("@ %d reads a fixed time: evaluations before it could not have its samples", *at/1000)
	}
}

// nameOf is the name of the metric that the selector reads; empty when it is not one alone.
func nameOf(selector *parser.VectorSelector) string {
	for _, m := range selector.LabelMatchers {
		if m.Name == model.MetricNameLabel && m.Type == labels.MatchEqual {
			return m.Value
		}
	}
	return selector.Name
}

// isAlerts reports whether the metric is what Prometheus records of alerts.
func isAlerts(name string) bool { return name == "ALERTS" || name == "ALERTS_FOR_STATE" }

// readBefore sees to series that the rule's own group records at its evaluations, but after the rule: the rule reads what the
// evaluation before has recorded, a query of the past reads what comes with it. A millisecond earlier it does not.
func (in *inliner) readBefore(selector *parser.VectorSelector, isRange bool) {
	if selector.Timestamp != nil {
		return
	}
	name := nameOf(selector)
	if isAlerts(name) && in.lacks != nil && in.lacks(name) {
		return
	}
	before, after := false, false
	note := func(r Ref) {
		isAfter := r.sameGroup(in.at) && r.Index >= in.at.Index
		before, after = before || !isAfter, after || isAfter
	}
	for _, r := range in.set.Records {
		if r.Name == name {
			note(r.Ref)
		}
	}
	for _, r := range in.set.Alerts {
		if isAlerts(name) && r.mayBe(selector) {
			note(r.Ref)
		}
	}
	switch {
	case !after || selector.OriginalOffset > 0:
	case before || isRange || in.inSubquery > 0 || selector.OriginalOffset < 0:
		in.differs("%s is read, some of which group %s records after %s: the replay sees that one evaluation earlier", name, in.at.Group, in.at.Name)
	default:
		selector.OriginalOffset = time.Millisecond
	}
}

// mayBe reports whether a selector of ALERTS may find alerts of the rule.
func (r Rule) mayBe(selector *parser.VectorSelector) bool {
	for _, m := range selector.LabelMatchers {
		value, isOwn := r.Labels[m.Name]
		switch {
		case m.Name == model.AlertNameLabel:
			value, isOwn = r.Name, true
		case strings.Contains(value, "{{"):
			isOwn = false
		}
		if isOwn && !m.Matches(value) {
			return false
		}
	}
	return true
}

// instant is the expression that stands for the selector of records.
func (in *inliner) instant(selector *parser.VectorSelector, found []Record, open []string) parser.Expr {
	for _, r := range found {
		in.compareTimes(r, selector.OriginalOffset)
	}
	return in.union(selector, found, open)
}

// compareTimes says where a record's samples are not what its expression gives at the evaluation of the alert.
func (in *inliner) compareTimes(r Record, offset time.Duration) {
	switch {
	case !r.sameGroup(in.at):
		in.differs("the record %s is put in as if it were evaluated with %s; its group %s is evaluated at other times", r.Name, in.at.Name, r.Group)
	case r.Index > in.at.Index:
		in.differs("the record %s is put in as if it were evaluated before %s; it comes after it in group %s", r.Name, in.at.Name, r.Group)
	case in.inSubquery > 0:
		in.differs("the record %s is put in as if it were evaluated at the steps of the subquery that reads it", r.Name)
	case offset != 0 && (r.Interval == 0 || offset%r.Interval != 0):
		in.differs("the record %s is put in; its offset %s may be no whole number of evaluations", r.Name, model.Duration(offset))
	}
	if r.Limit > 0 {
		in.differs("the record %s is put in without the limit of its group %s", r.Name, r.Group)
	}
}

// ranged stands for a range of records: a subquery, whose steps need not be the evaluations.
func (in *inliner) ranged(e *parser.MatrixSelector, selector *parser.VectorSelector, found []Record, open []string) parser.Expr {
	step := found[0].Interval
	for _, r := range found {
		in.differs("the record %s is put in as a subquery over %s, at whole multiples of its interval", r.Name, model.Duration(e.Range))
		step = min(step, r.Interval)
	}
	offset := selector.OriginalOffset
	selector.OriginalOffset = 0 // it is the subquery's
	return &parser.SubqueryExpr{Expr: in.union(selector, found, open), Range: e.Range, RangeExpr: e.RangeExpr, Step: step, OriginalOffset: offset}
}

// union is what all records of the selector's name give, where its matchers hold.
func (in *inliner) union(selector *parser.VectorSelector, found []Record, open []string) parser.Expr {
	texts := make([]string, len(found))
	for i, r := range found {
		body, err := parse(r.Expr)
		if err != nil { // none that was read has such
			in.differs("the record %s cannot be put in: %s", r.Name, err)
			return selector
		}
		reader := in.at
		in.at = r.Ref
		body = in.inline(body, append(slices.Clone(open), r.Name))
		in.at = reader
		if selector.OriginalOffset != 0 && !shift(body, selector.OriginalOffset) {
			in.differs("the record %s is put in without its offset %s, because its expression depends on the time", r.Name, model.Duration(selector.OriginalOffset))
		}
		texts[i] = relabel(body, r.Labels)
	}
	text := strings.Join(texts, " or ")
	for _, m := range selector.LabelMatchers {
		if m.Name != model.MetricNameLabel {
			text = filter(text, m)
		}
	}
	expr, err := parse("(" + text + ")")
	if err != nil {
		in.differs("the record %s cannot be put in: %s", found[0].Name, err)
		return selector
	}
	return expr
}

// relabel is the text of what a recording rule gives: a vector, with the rule's labels.
func relabel(body parser.Expr, ruleLabels map[string]string) string {
	text := body.String()
	if body.Type() == parser.ValueTypeScalar {
		text = "vector(" + text + ")"
	}
	for _, name := range slices.Sorted(maps.Keys(ruleLabels)) {
		text = fmt.Sprintf("label_replace(%s, %q, %q, \"\", \"\")", text, name, strings.ReplaceAll(ruleLabels[name], "$", "$$"))
	}
	return "(" + text + ")"
}

// matchLabel marks series for filter; no metric has it.
const matchLabel = "plimsoll_match"

// filter is the text of an expression with only those series of the given one whose label matches: PromQL has matchers for
// selectors alone. label_replace anchors a regular expression as a matcher does.
func filter(text string, m *labels.Matcher) string {
	pattern := m.Value
	if m.Type == labels.MatchEqual || m.Type == labels.MatchNotEqual {
		pattern = regexp.QuoteMeta(pattern)
	}
	operator := "and"
	if m.Type == labels.MatchNotEqual || m.Type == labels.MatchNotRegexp {
		operator = "unless"
	}
	marked := fmt.Sprintf("label_replace(%s, %q, \"1\", %q, %q)", text, matchLabel, m.Name, pattern)
	mark := fmt.Sprintf("label_replace(vector(1), %q, \"1\", \"\", \"\")", matchLabel)
	return fmt.Sprintf("label_replace(%s %s on (%s) %s, %q, \"\", \"\", \"\")", marked, operator, matchLabel, mark, matchLabel)
}

// shift moves what the expression reads into the past; false when it depends on the time by itself.
func shift(expr parser.Expr, offset time.Duration) bool {
	shifted := true
	parser.Inspect(expr, func(node parser.Node, path []parser.Node) error {
		inSubquery := slices.ContainsFunc(path, func(n parser.Node) bool { _, is := n.(*parser.SubqueryExpr); return is })
		switch n := node.(type) {
		case *parser.SubqueryExpr:
			if n.StartOrEnd != 0 || n.Timestamp != nil {
				shifted = false
			} else if !inSubquery {
				n.OriginalOffset += offset
			}
		case *parser.VectorSelector:
			if n.StartOrEnd != 0 || n.Timestamp != nil {
				shifted = false
			} else if !inSubquery {
				n.OriginalOffset += offset
			}
		case *parser.Call:
			ofTime := []string{"time", "minute", "hour", "day_of_week", "day_of_month", "day_of_year", "days_in_month", "month", "year"}
			if slices.Contains(ofTime, n.Func.Name) && len(n.Args) == 0 {
				shifted = false
			}
		}
		return nil
	})
	return shifted
}
