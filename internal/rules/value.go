package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// resolveValue reads what the threshold watches. With errors, the value holds what could be read: its unit, mostly, so
// that the levels can be checked all the same.
func (o Options) resolveValue(t *v1alpha1.AlertThreshold, spec *field.Path) (Value, field.ErrorList) {
	hasSignal, hasExpr := t.Spec.Signal != nil, t.Spec.Expr != ""
	switch {
	case hasSignal && hasExpr:
		return Value{}, field.ErrorList{field.Forbidden(spec.Child("expr"),
			"set exactly one of spec.signal and spec.expr: a signal of the catalogue, or your own PromQL")}
	case hasSignal:
		return o.resolveSignal(t, spec)
	case hasExpr:
		return o.resolveExpr(t, spec)
	default:
		return Value{}, field.ErrorList{field.Required(spec.Child("signal"),
			"set exactly one of spec.signal and spec.expr: a signal of the catalogue, or your own PromQL")}
	}
}

// checkMoved refuses fields of schema version 2, so that their last good rule stays until they are moved.
func checkMoved(t *v1alpha1.AlertThreshold, spec *field.Path) field.ErrorList {
	var errs field.ErrorList
	if len(t.Spec.MovedSelector) > 0 {
		errs = append(errs, field.Forbidden(spec.Child("selector"), "move it to spec.signal.matchLabels; with spec.expr, write label matchers into it"))
	}
	if t.Spec.MovedMinTraffic != "" {
		errs = append(errs, field.Forbidden(spec.Child("minTraffic"),
			"move it to spec.signal.minTraffic; with spec.expr, write a comparison with the traffic into it (... and rate(...) > 0.1)"))
	}
	return errs
}

func (o Options) resolveSignal(t *v1alpha1.AlertThreshold, spec *field.Path) (Value, field.ErrorList) {
	s, path := t.Spec.Signal, spec.Child("signal")
	entry, known := signal.Lookup(string(s.Name))
	if !known {
		return Value{}, field.ErrorList{field.NotSupported(path.Child("name"), string(s.Name), signal.Names())}
	}

	entry, errs := resolveSource(entry, s, path)
	if entry.Metrics == nil { // without a source only the levels can be checked
		return Value{Unit: entry.Unit, Max: entry.Max, source: entry.Name}, errs
	}
	errs = append(errs, checkQuantile(entry, s.Quantile, path.Child("quantile"))...)
	errs = append(errs, checkWindow(entry, s.Window, path.Child("window"))...)
	errs = append(errs, checkBy(entry, s.By, path.Child("by"))...)
	errs = append(errs, o.checkMatchLabels(entry, s.MatchLabels, path.Child("matchLabels"))...)
	if t.Spec.Unit != "" {
		errs = append(errs, field.Forbidden(spec.Child("unit"),
			fmt.Sprintf("remove it: it goes with spec.expr only, %s is measured in %s", entry.Name, entry.Unit)))
	}

	minTraffic, trafficErrs := resolveMinTraffic(entry, s.MinTraffic, path.Child("minTraffic"))
	errs = append(errs, trafficErrs...)

	value := Value{
		Unit:   entry.Unit,
		Max:    entry.Max,
		Title:  entry.Title,
		Advice: entry.Advice,
		Labels: entry.SeriesLabels(s.By),
		source: entry.Name,
		entry:  entry,
	}
	if len(errs) > 0 {
		return value, errs
	}
	query := signal.Query{
		Namespace:      t.Namespace,
		NamespaceLabel: o.namespaceLabel(entry.Source),
		Match:          s.MatchLabels,
		By:             s.By,
		Window:         string(s.Window),
		Quantile:       s.Quantile,
		MinTraffic:     minTraffic,
	}
	value.Expr, value.Absent = entry.Expr(query), entry.Absent(query)
	if entry.Source == signal.OpenTelemetry && o.OTelNamespaceLabel == "" {
		value.NoNamespace = entry.NoNamespace()
	}
	if entry.Quantile != "" {
		value.Title += " (" + percentile(query.Quantile, entry.Quantile) + ")"
	}
	return value, nil
}

// NoNamespaceHint says what to do when Value.NoNamespace has a sample.
const NoNamespaceHint = "no such series in Prometheus has the label namespace, as those pushed by OTLP have none, so a threshold cannot be " +
	"confined to its own: have Prometheus promote the resource attribute k8s.namespace.name and run the controller with " +
	"--otel-namespace-label=k8s_namespace_name, or have the program scraped"

// ErrNoNamespace is the mistake when Value.NoNamespace has a sample.
func ErrNoNamespace() *field.Error {
	return field.Invalid(field.NewPath("spec", "signal", "source"), signal.OpenTelemetry, NoNamespaceHint)
}

// resolveSource reads the signal from the source that the spec names. With errors it has no metrics.
func resolveSource(entry signal.Signal, s *v1alpha1.Signal, path *field.Path) (signal.Signal, field.ErrorList) {
	source := cmp.Or(signal.Source(s.Source), signal.Plimsoll)
	entry.Metrics = nil
	if !slices.Contains(signal.Sources(), source) {
		return entry, field.ErrorList{field.NotSupported(path.Child("source"), source, signal.Sources())}
	}
	if s.Prefix != "" {
		if prefixed := signal.Prefixed(); !slices.Contains(prefixed, source) {
			return entry, field.ErrorList{field.Forbidden(path.Child("prefix"), fmt.Sprintf("remove it: it goes with source %s only", prefixed[0]))}
		}
		if !metricPrefix.MatchString(s.Prefix) {
			return entry, field.ErrorList{field.Invalid(path.Child("prefix"), s.Prefix, metricPrefix.hint)}
		}
	}
	found, err := entry.From(source, s.Prefix)
	if err != nil {
		return entry, field.ErrorList{field.Invalid(path.Child("source"), source, err.Error())}
	}
	return found, nil
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
		return field.ErrorList{field.Forbidden(path, "remove it: it goes with latencies only ("+strings.Join(signal.WithQuantile(), ", ")+")")}
	}
	if !quantileText.MatchString(quantile) {
		return field.ErrorList{field.Invalid(path, quantile, quantileText.hint)}
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
	length, err := resolveDuration(window, path)
	if err != nil {
		return field.ErrorList{err}
	}
	if length == 0 {
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

// resolveMinTraffic reads the least traffic per second; zero when it is absent.
func resolveMinTraffic(entry signal.Signal, text v1alpha1.Value, path *field.Path) (float64, field.ErrorList) {
	if text == "" {
		return 0, nil
	}
	if entry.Traffic == "" {
		return 0, field.ErrorList{field.Forbidden(path,
			"remove it: it goes with ratios and latencies only ("+strings.Join(signal.WithTraffic(), ", ")+")")}
	}
	least, err := unit.PerSecond.Parse(string(text))
	if err != nil || least == 0 {
		return 0, field.ErrorList{field.Invalid(path, text, `must be a rate per second greater than 0, such as "0.1"`)}
	}
	return least, nil
}
