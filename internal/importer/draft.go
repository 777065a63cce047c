package importer

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// draft returns the rule as a threshold with one level and no name, or why it cannot be one.
func (s source) draft(r alert.Rule) Import {
	imported := Import{Rules: []alert.Rule{r}, namespace: s.namespace}
	if imported.Because = unsupported(r); imported.Because != "" {
		return imported
	}
	q, err := s.set.Query(r, func(string) bool { return true })
	asIs, _ := s.set.Query(r, func(string) bool { return false }) // fails as the other does
	if err != nil {
		imported.Because = err.Error()
		return imported
	}
	imported.Notes = q.Inexact
	if s.interval != 0 && r.Interval != 0 && r.Interval != s.interval {
		imported.addNote("its group is evaluated every %s, an AlertThreshold at the server's own interval", model.Duration(r.Interval))
	}
	r.Expr = withoutMatchers(q.Expr, s.namespace)
	imported.exprs, imported.readsRecords = []string{r.Expr}, []bool{q.Expr != asIs.Expr}
	if offset := r.Offset(); offset != 0 {
		shifted, ok := alert.Offset(r.Expr, offset)
		if !ok {
			imported.Because = fmt.Sprintf("its group is evaluated %s in the past (query_offset), and it depends on the time by itself", model.Duration(offset))
			return imported
		}
		r.Expr = shifted
		imported.addNote("its group is evaluated %s in the past (query_offset): its selectors have that offset", model.Duration(offset))
	}
	expr, level := imported.toLevel(r)
	level.Severity = r.Labels[rules.SeverityLabel]
	if level.Severity == "" {
		level.Severity = defaultSeverity
		imported.addNote("it has no severity: %s is Plimsoll's", defaultSeverity)
	}
	if r.For > 0 {
		level.For = v1alpha1.Duration(model.Duration(r.For).String())
	}
	if r.KeepFiringFor > 0 {
		level.KeepFiringFor = v1alpha1.Duration(model.Duration(r.KeepFiringFor).String())
	}
	others := maps.Clone(r.Labels)
	delete(others, rules.SeverityLabel)
	delete(others, model.AlertNameLabel) // Prometheus sets the alert's name over it
	imported.Threshold = &v1alpha1.AlertThreshold{
		TypeMeta:   metav1.TypeMeta{APIVersion: v1alpha1.GroupVersion.String(), Kind: v1alpha1.Kind},
		ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace},
		Spec: v1alpha1.AlertThresholdSpec{
			Alert: r.Name, Expr: expr, Levels: []v1alpha1.Level{level}, Labels: others, Annotations: maps.Clone(r.Annotations),
		},
	}
	return imported
}

// ofAlerts finds the series that Prometheus records of alerts.
var ofAlerts = regexp.MustCompile(`\bALERTS(_FOR_STATE)?\b`)

// unsupported says what of the rule an AlertThreshold has nothing for; empty when it has. What rules.Resolve refuses is not said here.
func unsupported(r alert.Rule) string {
	threshold, isOurs := rules.GroupThreshold(r.Group)
	switch {
	case isOurs:
		return "is made from AlertThreshold " + threshold.String()
	case r.Limit > 0:
		return fmt.Sprintf("its group is limited to %d alerts, an AlertThreshold's is not", r.Limit)
	case ofAlerts.MatchString(r.Expr):
		return "reads ALERTS, which an import changes"
	}
	return ""
}

// toLevel returns the expression as a value and the level that it crosses exactly where the rule fires. The value is the rule's own
// where that can be, for annotations show it.
func (i *Import) toLevel(r alert.Rule) (expr string, level v1alpha1.Level) {
	split, _ := r.Split()
	above, isAbove := split.Above()
	below, isBelow := split.Below()
	beside := above + below // one of the two is 0
	switch text := unit.Number.Format(beside); {
	case (isAbove || isBelow) && (split.Level == beside || split.Level != 0): // next to 0 is a number of 324 digits
		if split.Level != beside {
			i.addNote("it fires at %s %g: the level is the number next to it, because a value that is the level does not cross it", split.Op, split.Level)
		}
		if isAbove {
			return split.Value, v1alpha1.Level{Above: v1alpha1.Value(text)}
		}
		return split.Value, v1alpha1.Level{Below: v1alpha1.Value(text)}
	case showsValue(r):
		i.addNote("it fires at any value that its expression has, and shows it: so the level is the least number there is")
		return r.Expr, v1alpha1.Level{Above: v1alpha1.Value(strconv.FormatFloat(-math.MaxFloat64, 'g', -1, 64))}
	default:
		i.addNote("its value is 1 where it fires")
		return alert.Presence(r.Expr), v1alpha1.Level{Above: "0"}
	}
}

// withoutMatchers returns the expression without those matchers that the namespace meets, such as namespace=~".*": a threshold's own is
// put in their place.
func withoutMatchers(expr, namespace string) string {
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return expr // rules.Resolve says why
	}
	changed := false
	parser.Inspect(parsed, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok && len(selector.LabelMatchers) > 1 {
			before := len(selector.LabelMatchers)
			selector.LabelMatchers = slices.DeleteFunc(selector.LabelMatchers, func(m *labels.Matcher) bool {
				return m.Name == rules.NamespaceLabel && m.Matches(namespace)
			})
			changed = changed || len(selector.LabelMatchers) < before
		}
		return nil
	})
	if !changed {
		return expr
	}
	return parsed.String()
}

// showsValue reports whether a label or an annotation may show the value.
func showsValue(r alert.Rule) bool {
	texts := slices.Concat(slices.Collect(maps.Values(r.Labels)), slices.Collect(maps.Values(r.Annotations)))
	return slices.ContainsFunc(texts, rules.ShowsValue)
}

// usesAbsent reports whether the expression has a sample because there are no series, which of one namespace is another question.
func usesAbsent(expr string) bool {
	return slices.ContainsFunc([]string{"absent(", "absent_over_time("}, func(f string) bool { return strings.Contains(expr, f) })
}
