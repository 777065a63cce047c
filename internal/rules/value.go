package rules

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus-community/prom-label-proxy/injectproxy"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// resolveValue reads what the threshold watches. With errors, the value holds what could be read: its unit, mostly, so
// that the levels can be checked all the same.
func resolveValue(t *v1alpha1.AlertThreshold, spec *field.Path) (Value, field.ErrorList) {
	hasSignal, hasExpr := t.Spec.Signal != nil, t.Spec.Expr != ""
	switch {
	case hasSignal && hasExpr:
		return Value{}, field.ErrorList{field.Forbidden(spec.Child("expr"),
			"set exactly one of spec.signal (a signal of the catalogue) and spec.expr (your own PromQL)")}
	case hasSignal:
		return resolveSignal(t, spec)
	case hasExpr:
		return resolveExpr(t, spec)
	default:
		return Value{}, field.ErrorList{field.Required(spec.Child("signal"),
			"set exactly one of spec.signal (a signal of the catalogue) and spec.expr (your own PromQL)")}
	}
}

func resolveSignal(t *v1alpha1.AlertThreshold, spec *field.Path) (Value, field.ErrorList) {
	s, path := t.Spec.Signal, spec.Child("signal")
	entry, known := signal.Lookup(string(s.Name))
	if !known {
		return Value{}, field.ErrorList{field.NotSupported(path.Child("name"), string(s.Name), signal.Names())}
	}

	errs := checkQuantile(entry, s.Quantile, path.Child("quantile"))
	errs = append(errs, checkWindow(entry, s.Window, path.Child("window"))...)
	errs = append(errs, checkBy(entry, s.By, path.Child("by"))...)
	errs = append(errs, checkSelector(t.Spec.Selector, spec.Child("selector"))...)
	if t.Spec.Unit != "" {
		errs = append(errs, field.Forbidden(spec.Child("unit"),
			fmt.Sprintf("remove it: it goes with spec.expr only, %s is measured in %s", entry.Name, entry.Unit)))
	}

	value := Value{
		Unit:   entry.Unit,
		Max:    entry.Max,
		Title:  entry.Title,
		Advice: entry.Advice,
		Labels: entry.SeriesLabels(s.By),
		source: entry.Name,
	}
	if len(errs) > 0 {
		return value, errs
	}
	query := signal.Query{
		Namespace: t.Namespace,
		Match:     t.Spec.Selector,
		By:        s.By,
		Window:    string(s.Window),
		Quantile:  s.Quantile,
	}
	value.Expr = entry.Expr(query)
	if entry.Quantile != "" {
		value.Title += " (" + percentile(query.Quantile, entry.Quantile) + ")"
	}
	return value, nil
}

// percentile is how people call a quantile: p95 for 0.95, p99.9 for 0.999. The quantiles have been checked.
func percentile(quantile, byDefault string) string {
	if quantile == "" {
		quantile = byDefault
	}
	q, _ := strconv.ParseFloat(quantile, 64)
	return "p" + strconv.FormatFloat(q*100, 'g', 8, 64)
}

func checkQuantile(entry signal.Signal, quantile string, path *field.Path) field.ErrorList {
	if quantile == "" {
		return nil
	}
	if entry.Quantile == "" {
		return field.ErrorList{field.Forbidden(path, "remove it: it goes with "+signal.HTTPLatency+" only")}
	}
	if q, err := strconv.ParseFloat(quantile, 64); err != nil || !(q > 0 && q < 1) {
		return field.ErrorList{field.Invalid(path, quantile, `must lie between 0 and 1, both excluded, such as "0.95"`)}
	}
	return nil
}

func checkWindow(entry signal.Signal, window v1alpha1.Duration, path *field.Path) field.ErrorList {
	if window == "" {
		return nil
	}
	if entry.Window == "" {
		return field.ErrorList{field.Forbidden(path, "remove it: "+entry.Name+" is a gauge, read as it is")}
	}
	text, err := resolveDuration(window, path)
	if err != nil {
		return field.ErrorList{err}
	}
	if text == "" {
		return field.ErrorList{field.Invalid(path, window, "must be longer than 0, such as "+entry.Window)}
	}
	return nil
}

func checkBy(entry signal.Signal, by []string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, label := range by {
		if !slices.Contains(entry.Labels(), label) {
			errs = append(errs, field.NotSupported(path.Index(i), label, entry.Labels()))
		}
		if slices.Contains(by[:i], label) {
			errs = append(errs, field.Duplicate(path.Index(i), label))
		}
	}
	return errs
}

func resolveExpr(t *v1alpha1.AlertThreshold, spec *field.Path) (Value, field.ErrorList) {
	value := Value{
		Unit:   signal.Unit(t.Spec.Unit),
		Max:    math.Inf(1),
		Title:  "The value of " + t.Spec.Alert,
		source: "spec.expr",
	}
	var errs field.ErrorList
	if value.Unit == "" {
		value.Unit = signal.Number
	}
	if !slices.Contains(signal.Units(), value.Unit) {
		errs = append(errs, field.NotSupported(spec.Child("unit"), value.Unit, signal.Units()))
		value.Unit = ""
	}
	if len(t.Spec.Selector) > 0 {
		errs = append(errs, field.Forbidden(spec.Child("selector"),
			"remove it: it goes with spec.signal only, write label matchers into spec.expr"))
	}
	expr, err := confine(t.Spec.Expr, t.Namespace)
	if err != nil {
		errs = append(errs, field.Invalid(spec.Child("expr"), t.Spec.Expr, err.Error()))
	}
	value.Expr = expr
	return value, errs
}

// confine parses the expression and makes every selector in it match the namespace, also those in the parameter of an
// aggregation, which injectproxy's own walk leaves out. The error says what is wrong with the expression.
func confine(text, namespace string) (string, error) {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		return "", fmt.Errorf("is not PromQL that Prometheus can read: %s", strings.TrimSpace(err.Error()))
	}
	if kind := expr.Type(); kind != parser.ValueTypeVector && kind != parser.ValueTypeScalar {
		return "", fmt.Errorf("must give one value per series (an instant vector), not a %s: for a range, wrap it, as in rate(...)",
			parser.DocumentedType(kind))
	}

	enforcer := injectproxy.NewPromQLEnforcer(true, labels.MustNewMatcher(labels.MatchEqual, "namespace", namespace))
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok && err == nil {
			selector.LabelMatchers, err = enforcer.EnforceMatchers(selector.LabelMatchers)
		}
		return err
	})
	if errors.Is(err, injectproxy.ErrIllegalLabelMatcher) {
		return "", fmt.Errorf("must watch its own namespace %q only, remove the namespace matcher: %w", namespace, err)
	}
	if err != nil {
		return "", fmt.Errorf("confine to namespace %q: %w", namespace, err)
	}
	return expr.String(), nil
}
