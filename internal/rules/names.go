package rules

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// maxName is the longest metadata.name, in characters. The name is part of the PrometheusRule's, which the Prometheus
// Operator joins with the namespace and an id into a file name of at most 253.
const maxName = 63

// pattern is a form that a text must have, and how to say so.
type pattern struct {
	*regexp.Regexp
	hint string
}

var (
	labelName = pattern{
		regexp.MustCompile(`^_?[a-zA-Z][a-zA-Z0-9_]*$`),
		"must be a Prometheus label name such as team: letters, digits and underscores, beginning with a letter or with one underscore and a letter",
	}
	quantileText = pattern{
		regexp.MustCompile(`^0?[.][0-9]*[1-9][0-9]*$`),
		`must lie between 0 and 1, both excluded, such as "0.95"`,
	}
	metricPrefix = pattern{
		regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`),
		`must begin metric names, such as "kserve_vllm:": letters, digits, underscores and colons, not beginning with a digit`,
	}
	annotationName = pattern{
		regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`),
		"must be a name such as runbook_url: letters, digits and underscores, not beginning with a digit",
	}
)

func checkNames(t *v1alpha1.AlertThreshold) field.ErrorList {
	var errs field.ErrorList
	if len(t.Name) > maxName {
		errs = append(errs, field.TooLong(field.NewPath("metadata", "name"), t.Name, maxName))
	}
	return append(errs, checkLabelValue(t.Spec.Alert, "SlowResponse", field.NewPath("spec", "alert"))...)
}

// checkLabelValue checks the name of an alert or a severity. Prometheus takes every text as such; but both are also part of templates,
// of texts for people, and of lists.
func checkLabelValue(text, example string, path *field.Path) field.ErrorList {
	unprintable := strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
	switch {
	case text == "":
		return field.ErrorList{field.Required(path, "must be a name such as "+example)}
	case !utf8.ValidString(text):
		return field.ErrorList{field.Invalid(path, text, "must be UTF-8, such as "+example)}
	case unprintable >= 0:
		return field.ErrorList{field.Invalid(path, text, fmt.Sprintf("remove the character %+q: a name such as %s has none that cannot be seen",
			[]rune(text[unprintable:])[0], example))}
	case strings.TrimSpace(text) != text:
		return field.ErrorList{field.Invalid(path, text, "remove the blanks around it")}
	case strings.Contains(text, "{{"):
		return field.ErrorList{field.Invalid(path, text, "must not be a template: write a label (spec.labels) for what changes")}
	}
	return nil
}

func (o Options) checkMatchLabels(entry signal.Signal, matchLabels map[string]string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(matchLabels)) {
		values := entry.Values(name)
		switch {
		case name == NamespaceLabel || name == o.namespaceLabel(entry.Source):
			errs = append(errs, field.Forbidden(path.Key(name), "remove it: a threshold always watches its own namespace"))
		case entry.Fixed(name):
			errs = append(errs, field.Forbidden(path.Key(name), "remove it: "+entry.Name+" itself tells series apart by this label"))
		case entry.Lacks(name):
			errs = append(errs, field.Forbidden(path.Key(name), fmt.Sprintf("remove it: what %s shows of %s has no label for it, but these: %s",
				entry.Source, entry.Name, strings.Join(entry.Labels(), ", "))))
		case name == "le":
			errs = append(errs, field.Forbidden(path.Key(name), "remove it: a quantile needs every bucket"))
		case !labelName.MatchString(name):
			errs = append(errs, field.Invalid(path.Key(name), name, labelName.hint))
		case values != nil && !slices.Contains(values, matchLabels[name]):
			errs = append(errs, field.NotSupported(path.Key(name), matchLabels[name], values))
		}
	}
	return errs
}

// checkLabels checks the labels that the alert gets besides those of the value, which must stay what they are: with one
// replaced, several alerts could have the same labels, and Prometheus then drops them all.
func checkLabels(labels map[string]string, valueLabels []string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		switch {
		case name == "severity":
			errs = append(errs, field.Forbidden(path.Key(name), "remove it: it is set by each of spec.levels"))
		case name == "alertname" || name == NamespaceLabel || name == ThresholdLabel || name == NoDataLabel:
			errs = append(errs, field.Forbidden(path.Key(name), "remove it: the controller sets it"))
		case slices.Contains(valueLabels, name):
			errs = append(errs, field.Forbidden(path.Key(name), "rename it: the signal's own series are told apart by this label"))
		case !labelName.MatchString(name):
			errs = append(errs, field.Invalid(path.Key(name), name, labelName.hint))
		default:
			errs = append(errs, checkTemplate(labels[name], path.Key(name))...)
		}
	}
	return errs
}

func checkAnnotations(annotations map[string]string, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, name := range slices.Sorted(maps.Keys(annotations)) {
		if !annotationName.MatchString(name) {
			errs = append(errs, field.Invalid(path.Key(name), name, annotationName.hint))
			continue
		}
		errs = append(errs, checkTemplate(annotations[name], path.Key(name))...)
	}
	return errs
}

// unwritable are the characters that YAML has no text for, and so no rule file: one of them, and the Prometheus Operator
// leaves the whole rule out. U+0085 would arrive as a space. See https://yaml.org/spec/1.2.2/#51-character-set.
var unwritable = regexp.MustCompile(`[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x{9f}\x{fffe}\x{ffff}]`)

func checkTemplate(text string, path *field.Path) field.ErrorList {
	if found := unwritable.FindString(text); found != "" {
		return field.ErrorList{field.Invalid(path, text, fmt.Sprintf("remove the character %+q: no rule file can hold it", found))}
	}
	if err := lintTemplate(text); err != nil {
		return field.ErrorList{field.Invalid(path, text,
			fmt.Sprintf("is not a template that Prometheus can read, such as {{ $value }} or {{ $labels.endpoint }}: %s",
				strings.TrimSpace(err.Error())))}
	}
	if err := forbidden(text); err != nil {
		return field.ErrorList{field.Invalid(path, text, err.Error())}
	}
	return nil
}
