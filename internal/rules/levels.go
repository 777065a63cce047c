package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/prometheus/common/model"
	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

func resolveLevels(levels []v1alpha1.Level, value Value, path *field.Path) ([]Level, field.ErrorList) {
	if len(levels) == 0 {
		return nil, field.ErrorList{field.Required(path, `set at least one level, such as {severity: warning, above: "2s"}`)}
	}
	var errs field.ErrorList
	resolved := make([]Level, 0, len(levels))
	seen := map[string]bool{}
	for i, spec := range levels {
		level, levelErrs := resolveLevel(spec, value, path.Index(i))
		resolved = append(resolved, level)
		errs = append(errs, levelErrs...)
		if seen[spec.Severity] {
			errs = append(errs, field.Duplicate(path.Index(i).Child("severity"), spec.Severity))
		}
		seen[spec.Severity] = true
	}
	if len(errs) == 0 {
		errs = checkOrder(resolved, path)
	}
	return resolved, errs
}

// checkOrder checks that of two levels with the same comparison that of the worse known severity lies beyond the other, or waits
// longer at the same value: else the worse alert would fire first.
func checkOrder(resolved []Level, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for i, worse := range resolved {
		for _, milder := range resolved {
			known := slices.Contains(severities, worse.Severity) && slices.Contains(severities, milder.Severity)
			if known && rank(milder) < rank(worse) {
				errs = append(errs, checkBeyond(worse, milder, path.Index(i))...)
			}
		}
	}
	return errs
}

// checkBeyond checks that a level lies beyond a milder one on every side that both have.
func checkBeyond(worse, milder Level, path *field.Path) field.ErrorList {
	var errs field.ErrorList
	for _, side := range worse.Sides() {
		for _, other := range milder.Sides() {
			if side.Comparison == other.Comparison && !side.isBeyond(other) {
				errs = append(errs, field.Invalid(path.Child(string(side.Comparison)), side.Unit.Format(side.Value),
					fmt.Sprintf("must lie beyond %s (%s), or at the same value have a longer for: order levels so that critical lies beyond warning and warning beyond info",
						other.Severity, other)))
			}
		}
	}
	return errs
}

func resolveLevel(spec v1alpha1.Level, value Value, path *field.Path) (Level, field.ErrorList) {
	level := Level{Severity: spec.Severity, Unit: value.Unit}
	errs := checkLabelValue(spec.Severity, "warning", path.Child("severity"))

	read := func(side Comparison, text v1alpha1.Value) float64 {
		one := Level{Comparison: side, Unit: value.Unit}
		errs = append(errs, one.read(text, value, path.Child(string(side)))...)
		return one.Value
	}
	switch {
	case spec.Above == "" && spec.Below == "":
		errs = append(errs, field.Required(path, `set above, below or both, such as above: `+example(value)))
	case spec.Below == "":
		level.Comparison, level.Value = Above, read(Above, spec.Above)
	case spec.Above == "":
		level.Comparison, level.Value = Below, read(Below, spec.Below)
	default:
		level.Comparison, level.Value, level.Lower = Outside, read(Above, spec.Above), read(Below, spec.Below)
		if len(errs) == 0 && value.Unit != "" && level.Lower >= level.Value {
			errs = append(errs, field.Invalid(path.Child("below"), spec.Below,
				fmt.Sprintf("must be less than above (%s): with both, the alert fires outside the two", level.Unit.Format(level.Value))))
		}
	}

	var err *field.Error
	if level.For, err = resolveDuration(spec.For, path.Child("for")); err != nil {
		errs = append(errs, err)
	}
	if level.KeepFiringFor, err = resolveDuration(spec.KeepFiringFor, path.Child("keepFiringFor")); err != nil {
		errs = append(errs, err)
	}
	return level, errs
}

// read sets the level's value from the text, unless the unit is unknown because what is watched is wrong itself.
func (l *Level) read(text v1alpha1.Value, value Value, path *field.Path) field.ErrorList {
	if value.Unit == "" {
		return nil
	}
	var err error
	if l.Value, err = value.Unit.Parse(string(text)); err != nil {
		return field.ErrorList{field.Invalid(path, text, fmt.Sprintf("%s, because %s is measured in %s", err, value.source, value.Unit))}
	}
	if hint := l.checkRange(value); hint != "" {
		return field.ErrorList{field.Invalid(path, text, hint)}
	}
	return nil
}

// checkRange returns a hint when the level is never crossed, or always; empty when it can do its work.
func (l *Level) checkRange(value Value) string {
	least, greatest := value.Unit.Format(value.Min), value.Unit.Format(value.Max)
	switch {
	case l.Comparison == Above && l.Value >= value.Max:
		return fmt.Sprintf("must be less than %s, the greatest value that %s can show: the alert could never fire", greatest, value.source)
	case l.Comparison == Above && l.Value < value.Min:
		return fmt.Sprintf("must be at least %s, the least value that %s can show: the alert would always fire", least, value.source)
	case l.Comparison == Below && l.Value <= value.Min:
		return fmt.Sprintf("must be greater than %s, the least value that %s can show: the alert could never fire", least, value.source)
	case l.Comparison == Below && l.Value > value.Max:
		return fmt.Sprintf("must be at most %s, the greatest value that %s can show: the alert would always fire", greatest, value.source)
	default:
		return ""
	}
}

// example is a threshold in the value's unit, as one would write it in YAML.
func example(value Value) string {
	if value.Unit == "" {
		return "80"
	}
	return fmt.Sprintf("%q", value.Unit.Format(2))
}

// resolveDuration reads a Prometheus duration; zero when it is absent.
func resolveDuration(text v1alpha1.Duration, path *field.Path) (time.Duration, *field.Error) {
	if text == "" {
		return 0, nil
	}
	d, err := model.ParseDuration(string(text))
	if err != nil {
		return 0, field.Invalid(path, text, "must be a duration such as 30s, 10m or 1h30m, and not negative")
	}
	return time.Duration(d), nil
}
