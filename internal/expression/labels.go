package expression

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// Labels are those by which the series of an expression can differ, as far as it tells. The zero Labels are of one series.
type Labels struct {
	// fixed have one value in all series, varying may have several.
	fixed   map[string]string
	varying map[string]bool
	// copies are the labels that hold the values of another one, too.
	copies map[string][]string
	// isOpen: there may be other labels, of which nothing is known.
	isOpen bool
}

// Lost returns those labels, of the ones that are replaced, by which series may differ and that no other label is a copy of. isAll
// reports that the series have no other difference, so that any two of them become one.
func (l Labels) Lost(replaced ...string) (lost []string, isAll bool) {
	survives := func(name string) bool { return l.varying[name] && !slices.Contains(replaced, name) }
	isAll = !l.isOpen
	for _, name := range slices.Sorted(maps.Keys(l.varying)) {
		switch {
		case !slices.Contains(replaced, name):
			isAll = false
		case slices.ContainsFunc(l.copies[name], survives):
		default:
			lost = append(lost, name)
		}
	}
	return lost, isAll && len(lost) > 0
}

// LossWarning says where series become one of what, which is a rule of that kind's, because of the labels that are replaced; empty where
// they do not. isAll is that of Lost.
func (l Labels) LossWarning(replaced []string, what, kind string) (text string, isAll bool) {
	lost, isAll := l.Lost(replaced...)
	if len(lost) == 0 {
		return "", false
	}
	names := strings.Join(lost, " and ")
	text = "series that differ in " + names + " only"
	if isAll {
		text = "its series differ in " + names + " only, and two of them"
	}
	return fmt.Sprintf(`%s become one %s, which has its own: Prometheus then refuses to evaluate the rule ("vector contains metrics with the same `+
		`labelset after applying %s labels"): leave %s out of by (...), or keep it under another name with `+
		`label_replace(..., "series_%s", "$1", "%s", "(.+)")`, text, what, kind, names, strings.Trim(lost[0], "_"), lost[0]), isAll
}

// MayHave reports whether a series may have one of the labels, with a value that is not the same in all.
func (l Labels) MayHave(names ...string) bool {
	return l.isOpen || slices.ContainsFunc(names, func(name string) bool { return l.varying[name] })
}

// ownLabels are labels that every series of a metric has, of those that Prometheus and thresholds write.
var ownLabels = map[string][]string{
	"ALERTS":             {"alertname", "alertstate", "severity"},
	"ALERTS_FOR_STATE":   {"alertname", "severity"},
	"plimsoll:signal":    {"alertthreshold"},
	"plimsoll:threshold": {"alertthreshold", "comparison", "severity", "unit"},
}

// LabelsOf returns the Labels of the expression's series.
func LabelsOf(expr parser.Expr) Labels {
	switch e := expr.(type) {
	case *parser.ParenExpr:
		return LabelsOf(e.Expr)
	case *parser.UnaryExpr:
		return LabelsOf(e.Expr)
	case *parser.SubqueryExpr:
		return LabelsOf(e.Expr)
	case *parser.MatrixSelector:
		return LabelsOf(e.VectorSelector)
	case *parser.VectorSelector:
		return labelsOfSelector(e)
	case *parser.AggregateExpr:
		return labelsOfAggregate(e)
	case *parser.Call:
		return labelsOfCall(e)
	case *parser.BinaryExpr:
		return labelsOfBinary(e)
	}
	return Labels{}
}

func newLabels(isOpen bool) Labels {
	return Labels{fixed: map[string]string{}, varying: map[string]bool{}, copies: map[string][]string{}, isOpen: isOpen}
}

func labelsOfSelector(e *parser.VectorSelector) Labels {
	l := newLabels(true)
	for _, m := range e.LabelMatchers {
		if m.Type == labels.MatchEqual && m.Value != "" {
			l.fixed[m.Name] = m.Value
		}
	}
	name, isNamed := l.fixed[model.MetricNameLabel]
	if !isNamed {
		l.varying[model.MetricNameLabel] = true
	}
	for _, own := range ownLabels[name] {
		l.vary(own)
	}
	return l
}

// vary adds a label that may differ, unless it is fixed.
func (l Labels) vary(name string) {
	if _, isFixed := l.fixed[name]; !isFixed {
		l.varying[name] = true
	}
}

// only keeps these labels, and no other.
func (l Labels) only(names []string) Labels {
	kept := newLabels(false)
	for _, name := range names {
		if value, isFixed := l.fixed[name]; isFixed {
			kept.fixed[name] = value
		} else if l.isOpen || l.varying[name] {
			kept.varying[name] = true
		}
		kept.copies[name] = l.copies[name]
	}
	return kept
}

// without takes labels away.
func (l Labels) without(names ...string) Labels {
	kept := newLabels(l.isOpen)
	maps.Copy(kept.fixed, l.fixed)
	maps.Copy(kept.varying, l.varying)
	maps.Copy(kept.copies, l.copies)
	for _, name := range names {
		delete(kept.fixed, name)
		delete(kept.varying, name)
	}
	return kept
}

func labelsOfAggregate(e *parser.AggregateExpr) Labels {
	of := LabelsOf(e.Expr)
	switch e.Op {
	case parser.TOPK, parser.BOTTOMK, parser.LIMITK, parser.LIMIT_RATIO:
		return of
	}
	if e.Without {
		of = of.without(append(slices.Clone(e.Grouping), model.MetricNameLabel)...)
	} else {
		of = of.only(e.Grouping)
	}
	if name, is := text(e.Param); is && e.Op == parser.COUNT_VALUES {
		of = of.without(name)
		of.varying[name] = true
	}
	return of
}

func labelsOfCall(e *parser.Call) Labels {
	name := e.Func.Name
	switch {
	case isAbsent(e):
		return labelsOfAbsent(e.Args[0])
	case e.Func.ReturnType != parser.ValueTypeVector, name == "vector":
		return Labels{}
	}
	at := slices.IndexFunc(e.Args, func(arg parser.Expr) bool {
		return arg.Type() == parser.ValueTypeVector || arg.Type() == parser.ValueTypeMatrix
	})
	if at < 0 {
		return Labels{}
	}
	of := LabelsOf(e.Args[at])
	switch name {
	case "label_replace":
		return of.replaced(e.Args[1:])
	case "label_join":
		to, _ := text(e.Args[1])
		return of.copied(to, e.Args[3:]...)
	}
	return of
}

// labelsOfAbsent are those of absent's one series: what its selector demands.
func labelsOfAbsent(arg parser.Expr) Labels {
	l := newLabels(false)
	if matrix, is := arg.(*parser.MatrixSelector); is {
		arg = matrix.VectorSelector
	}
	if selector, is := arg.(*parser.VectorSelector); is {
		l.fixed = labelsOfSelector(selector).without(model.MetricNameLabel).fixed
	}
	return l
}

// replaced are the labels after label_replace with those arguments: to, the replacement, from, and the regular expression.
func (l Labels) replaced(args []parser.Expr) Labels {
	to, _ := text(args[0])
	replacement, _ := text(args[1])
	from, _ := text(args[2])
	value, isKnown := l.fixed[from]
	if !isKnown && (l.isOpen && from != "" || l.varying[from]) {
		if strings.HasPrefix(replacement, "$") {
			return l.copied(to, args[2])
		}
		changed := l.without(to)
		changed.varying[to] = true
		return changed
	}
	pattern, _ := text(args[3])
	matching, err := regexp.Compile("^(?s:" + pattern + ")$")
	if err != nil {
		return l // which no server evaluates
	}
	found := matching.FindStringSubmatchIndex(value)
	if found == nil {
		return l
	}
	changed := l.without(to)
	if result := matching.ExpandString(nil, replacement, value, found); len(result) > 0 {
		changed.fixed[to] = string(result)
	}
	return changed
}

// copied are the labels once one of them holds the values of others.
func (l Labels) copied(to string, from ...parser.Expr) Labels {
	changed := l.without(to)
	for _, arg := range from {
		name, _ := text(arg)
		if _, isFixed := l.fixed[name]; isFixed || !l.isOpen && !l.varying[name] {
			continue
		}
		changed.varying[to] = true
		if name != to {
			changed.copies[name] = append(slices.Clone(changed.copies[name]), to)
		}
	}
	return changed
}

func text(expr parser.Expr) (value string, ok bool) {
	literal, ok := expr.(*parser.StringLiteral)
	if !ok {
		return "", false
	}
	return literal.Val, true
}

func labelsOfBinary(e *parser.BinaryExpr) Labels {
	left, right := LabelsOf(e.LHS), LabelsOf(e.RHS)
	switch {
	case e.LHS.Type() == parser.ValueTypeScalar:
		return right
	case e.RHS.Type() == parser.ValueTypeScalar, e.Op == parser.LAND, e.Op == parser.LUNLESS:
		return left
	case e.Op == parser.LOR:
		return left.or(right)
	}
	matching := e.VectorMatching
	switch matching.Card {
	case parser.CardManyToOne:
		return left.including(right, matching.Include)
	case parser.CardOneToMany:
		return right.including(left, matching.Include)
	}
	both := left.without()
	maps.Copy(both.fixed, right.fixed) // what matches has the same value
	for name := range both.fixed {
		delete(both.varying, name)
	}
	if matching.On {
		return both.only(matching.MatchingLabels)
	}
	return both.without(append(slices.Clone(matching.MatchingLabels), model.MetricNameLabel)...)
}

// including are the labels of the many sides with those that are taken over from the one.
func (l Labels) including(one Labels, names []string) Labels {
	changed := l.without(names...)
	for _, name := range names {
		if value, isFixed := one.fixed[name]; isFixed {
			changed.fixed[name] = value
		} else {
			changed.varying[name] = true
		}
	}
	return changed
}

// or are the labels of both. Series that differ in their name only are not both there.
func (l Labels) or(other Labels) Labels {
	both := newLabels(l.isOpen || other.isOpen)
	for _, side := range []Labels{l, other} {
		for name := range side.varying {
			both.varying[name] = true
		}
		for name, values := range side.copies {
			both.copies[name] = append(slices.Clone(both.copies[name]), values...)
		}
	}
	for _, pair := range [][2]Labels{{l, other}, {other, l}} {
		for name, value := range pair[0].fixed {
			if same, isFixed := pair[1].fixed[name]; isFixed && same == value {
				both.fixed[name] = value
			} else if name != model.MetricNameLabel {
				both.varying[name] = true
			}
		}
	}
	return both
}
