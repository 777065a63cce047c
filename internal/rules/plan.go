// Package rules turns an AlertThreshold into Prometheus rules, and says what is wrong with one that cannot be turned.
// It is pure: no client, no I/O. Controller, webhook and command line share it, so they cannot disagree.
package rules

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/expression"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// Plan is a valid AlertThreshold, resolved: defaults filled in, values read in their unit.
type Plan struct {
	Namespace, Name string
	// Alert is the alertname label.
	Alert string
	// Value is what is watched.
	Value Value
	// Levels are in the spec's order.
	Levels []Level
	// NoData and Mode are those of the spec, never empty. They decide which rules there are: see Groups.
	NoData v1alpha1.NoData
	Mode   v1alpha1.Mode
	// Labels and Annotations are those of the spec.
	Labels, Annotations map[string]string
	// Warnings say, each in a sentence that begins with the field, what is valid and will hardly do what is meant.
	Warnings []string
	// KnownBucketWarnings say the same of levels that the source's buckets cannot show, if they are those that it is known to
	// have. BucketWarnings takes their place where the buckets have been read.
	KnownBucketWarnings []string
}

// Value is the one value that all levels of a plan are compared with.
type Value struct {
	// Expr is PromQL whose every selector matches the threshold's namespace, unless it IsUnconfined. It has no value for groups with less than
	// minTraffic.
	Expr string
	// Absent is PromQL that has one sample when the series that Expr reads are not there.
	Absent string
	// NoNamespace is PromQL that has one sample when the series are there and none says which namespace it is of, so that Expr
	// finds none; empty when series say so.
	NoNamespace string
	// EmptyWhenHealthy: Expr, of the user's own, has no sample while all is well, as absent(x) and lag > 500 have none.
	EmptyWhenHealthy bool
	// IsUnconfined: Expr, of the user's own, may read series of every namespace, as Options allow the threshold's.
	IsUnconfined bool
	Unit         unit.Unit
	// Min and Max are the least and the greatest value that Expr can take; infinite when it has no bound.
	Min, Max float64
	// Title is what the value is called in a sentence, which it begins.
	Title string
	// Advice says what to do when a level is crossed; empty when there is none to give.
	Advice string
	// Labels are those that tell one series of Expr from another, as far as they are known.
	Labels []string

	// source is what gave the value its unit, for messages: a signal's name or the field spec.expr.
	source string
	// bounds are those that an expression gives its values by itself; zero for a signal.
	bounds expression.Bounds
	// series are the labels of an expression's series; zero for a signal, whose labels nothing replaces.
	series expression.Labels
	// entry is the signal; the zero Signal for an expression.
	entry signal.Signal
}

// Options are what an administrator decides for all thresholds.
type Options struct {
	// OTelNamespaceLabel is the label that holds the namespace of OpenTelemetry's series, such as k8s_namespace_name; empty for
	// namespace, which only scraped series have.
	OTelNamespaceLabel string
	// UnconfinedNamespaces are those in which spec.expr is taken as it is written, and may so read series of every namespace.
	UnconfinedNamespaces []string
}

// Confines reports whether thresholds of the namespace may read its own series only.
func (o Options) Confines(namespace string) bool {
	return !slices.Contains(o.UnconfinedNamespaces, namespace)
}

// Unconfining are the options with one more unconfined namespace.
func (o Options) Unconfining(namespace string) Options {
	o.UnconfinedNamespaces = append(slices.Clone(o.UnconfinedNamespaces), namespace)
	return o
}

// Validate returns what is wrong with the options.
func (o Options) Validate() error {
	for _, namespace := range o.UnconfinedNamespaces {
		if problems := validation.IsDNS1123Label(namespace); len(problems) > 0 {
			return fmt.Errorf("--unconfined-namespaces=%q: name each namespace in full: %s", namespace, strings.Join(problems, "; "))
		}
	}
	switch name := o.OTelNamespaceLabel; {
	case name == "" || name != "le" && labelName.MatchString(name):
		return nil
	default:
		return fmt.Errorf("--otel-namespace-label=%q: name a Prometheus label that holds a namespace, such as k8s_namespace_name", name)
	}
}

// namespaceLabel is the label that holds the namespace of a source's series.
func (o Options) namespaceLabel(source signal.Source) string {
	if source == signal.OpenTelemetry && o.OTelNamespaceLabel != "" {
		return o.OTelNamespaceLabel
	}
	return NamespaceLabel
}

// Resolve reads the threshold as one of an administrator who decides nothing.
func Resolve(t *v1alpha1.AlertThreshold) (*Plan, field.ErrorList) { return Options{}.Resolve(t) }

// Resolve reads the threshold. When anything is wrong with it the plan is nil and the list names every wrong field and
// its fix. It checks all that the API server checks too, so that it can stand alone. A rule that is too large is the
// only error then: see TooLarge.
func (o Options) Resolve(t *v1alpha1.AlertThreshold) (*Plan, field.ErrorList) {
	spec := field.NewPath("spec")
	errs := slices.Concat(checkNames(t), checkLimits(t, spec), checkMoved(t, spec))
	value, valueErrs := o.resolveValue(t, spec)
	errs = append(errs, valueErrs...)
	levels, levelErrs := resolveLevels(t.Spec.Levels, value, spec.Child("levels"))
	errs = append(errs, levelErrs...)
	noData, mode, choiceErrs := resolveChoices(t, spec)
	errs = append(errs, choiceErrs...)
	errs = append(errs, checkLabels(t.Spec.Labels, value.Labels, spec.Child("labels"))...)
	errs = append(errs, checkAnnotations(t.Spec.Annotations, spec.Child("annotations"))...)
	if len(errs) > 0 {
		return nil, errs
	}

	plan := &Plan{
		Namespace:   t.Namespace,
		Name:        t.Name,
		Alert:       t.Spec.Alert,
		Value:       value,
		Levels:      levels,
		NoData:      noData,
		Mode:        mode,
		Labels:      maps.Clone(t.Spec.Labels),
		Annotations: maps.Clone(t.Spec.Annotations),
	}
	if errs := plan.check(spec); len(errs) > 0 {
		return nil, errs
	}
	plan.Warnings, plan.KnownBucketWarnings = plan.warnings(spec), plan.knownBucketWarnings(spec)
	return plan, nil
}

// Validate returns what is wrong with the threshold: each error names the field and the fix.
func Validate(t *v1alpha1.AlertThreshold) field.ErrorList {
	_, errs := Resolve(t)
	return errs
}
