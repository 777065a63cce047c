package rules

import (
	"unicode/utf8"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// The most that the API server takes, in characters and entries. They bound what its own checks cost.
const (
	maxAlert    = 100
	maxExpr     = 4096
	maxSeverity = 32
	maxQuantile = 16
	maxPrefix   = 64
	maxDuration = 32
	maxValue    = 32
	maxLevels   = 8
	maxBy       = 8
	maxPairs    = 16
)

// checkLimits returns what is longer than the API server takes.
func checkLimits(t *v1alpha1.AlertThreshold, spec *field.Path) field.ErrorList {
	var l limits
	l.length(t.Spec.Alert, maxAlert, spec.Child("alert"))
	l.length(t.Spec.Expr, maxExpr, spec.Child("expr"))
	if s, path := t.Spec.Signal, spec.Child("signal"); s != nil {
		l.length(s.Prefix, maxPrefix, path.Child("prefix"))
		l.length(s.Quantile, maxQuantile, path.Child("quantile"))
		l.length(string(s.Window), maxDuration, path.Child("window"))
		l.count(len(s.By), maxBy, path.Child("by"))
		l.count(len(s.MatchLabels), maxPairs, path.Child("matchLabels"))
		l.length(string(s.MinTraffic), maxValue, path.Child("minTraffic"))
	}
	l.count(len(t.Spec.Levels), maxLevels, spec.Child("levels"))
	for i, level := range t.Spec.Levels {
		path := spec.Child("levels").Index(i)
		l.length(level.Severity, maxSeverity, path.Child("severity"))
		l.length(string(level.Above), maxValue, path.Child("above"))
		l.length(string(level.Below), maxValue, path.Child("below"))
		l.length(string(level.For), maxDuration, path.Child("for"))
		l.length(string(level.KeepFiringFor), maxDuration, path.Child("keepFiringFor"))
	}
	l.count(len(t.Spec.Labels), maxPairs, spec.Child("labels"))
	l.count(len(t.Spec.Annotations), maxPairs, spec.Child("annotations"))
	return field.ErrorList(l)
}

// limits are the limits that are passed.
type limits field.ErrorList

func (l *limits) length(text string, most int, path *field.Path) {
	if utf8.RuneCountInString(text) > most {
		*l = append(*l, field.TooLong(path, text, most))
	}
}

func (l *limits) count(n, most int, path *field.Path) {
	if n > most {
		*l = append(*l, field.TooMany(path, n, most))
	}
}
