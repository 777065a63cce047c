package rules

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation/field"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/bucket"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// ofValue finds templates that print an alert's value.
var ofValue = regexp.MustCompile(`\{\{.*(\$value|\.Value)`)

// ShowsValue reports whether the template may print an alert's value.
func ShowsValue(template string) bool { return ofValue.MatchString(template) }

// warnings says what is valid and will hardly do what is meant.
func (p *Plan) warnings(spec *field.Path) []string {
	var all []string
	for i, level := range p.Levels {
		for _, side := range level.Sides() {
			if text := p.Value.neverCrossed(side); text != "" {
				all = append(all, spec.Child("levels").Index(i).Child(string(side.Comparison)).String()+": "+text)
			}
		}
	}
	if p.NoData == v1alpha1.NoDataAlert && p.Value.EmptyWhenHealthy {
		all = append(all, spec.Child("noData").String()+": spec.expr has no value while all is well, which is when this alert would fire: write Ignore")
	}
	for _, name := range slices.Sorted(maps.Keys(p.Labels)) {
		if ShowsValue(p.Labels[name]) {
			all = append(all, fmt.Sprintf("%s: makes another alert whenever the value changes, so that `for` never passes: put the value into spec.annotations",
				spec.Child("labels").Key(name)))
		}
	}
	return append(all, p.replacedWarnings(spec)...)
}

// knownBucketWarnings says what buckets cannot show of the levels if they are those that the source is known to have.
func (p *Plan) knownBucketWarnings(spec *field.Path) []string {
	entry := p.Value.entry
	if len(entry.Bounds()) == 0 {
		return nil
	}
	var all []string
	known := bucket.Known(entry.Metrics[0].Name, entry.Bounds())
	for i, level := range p.Levels {
		for _, side := range level.Sides() {
			text := side.bucketWarning(known)
			if text == "" {
				continue
			}
			path := spec.Child("levels").Index(i).Child(string(side.Comparison))
			text = fmt.Sprintf("%s: %s %s", path, side.Unit.Format(side.Value), text)
			if entry.Source != signal.Plimsoll {
				text += fmt.Sprintf(", unless yours has other buckets than %s is known to have", entry.Source)
			}
			all = append(all, text)
		}
	}
	return all
}

// BucketWarnings says, each in a sentence, what those buckets cannot show of the levels.
func (p *Plan) BucketWarnings(h bucket.Histogram) []string {
	var all []string
	for _, level := range p.Levels {
		for _, side := range level.Sides() {
			if text := side.bucketWarning(h); text != "" {
				all = append(all, fmt.Sprintf("level %s (%s) %s", level.Severity, side, text))
			}
		}
	}
	return all
}

// Fit is what the histogram can show of the level; of a band, of the side of which it shows less.
func (l Level) Fit(h bucket.Histogram) bucket.Fit {
	least := bucket.Exact
	for _, side := range l.Sides() {
		least = max(least, h.Fit(side.Value, side.Comparison == Above))
	}
	return least
}

// bucketWarning says what the histogram cannot show of the level; empty when it can show it.
func (l Level) bucketWarning(h bucket.Histogram) string {
	var consequence string
	switch l.Fit(h) {
	case bucket.Exact:
		return ""
	case bucket.Guess:
		return l.guessWarning(h)
	case bucket.Never:
		consequence = "it can never fire"
	case bucket.Always:
		consequence = "it fires whenever there is a value"
	}
	switch greatest := h.Bounds[len(h.Bounds)-1]; {
	case l.Value > greatest:
		return fmt.Sprintf("lies above the highest bucket (%s) of %s: %s", l.Unit.Format(greatest), h, consequence)
	case l.Value == greatest:
		return fmt.Sprintf("lies on the highest bucket (%s) of %s, which no value exceeds: %s", l.Unit.Format(greatest), h, consequence)
	default:
		return fmt.Sprintf("lies at or below the least value of %s: %s", h, consequence)
	}
}

// guessWarning names the bucket inside which the level lies, and the nearest levels that are exact.
func (l Level) guessWarning(h bucket.Histogram) string {
	lower, upper, _ := h.Bucket(l.Value)
	text := fmt.Sprintf("lies inside the bucket %s to %s of %s: what fires is a guess", l.Unit.Format(lower), l.Unit.Format(upper), h)
	if math.IsInf(upper, 1) {
		text = fmt.Sprintf("lies where the series of %s have no bucket in common: what fires is a guess", h)
	}
	var nearest []string
	for _, bound := range h.Nearest(l.Value, l.Comparison == Above) {
		nearest = append(nearest, l.Unit.Format(bound))
	}
	if len(nearest) > 0 {
		text += ", take " + strings.Join(nearest, " or ")
	}
	return text
}

// neverCrossed says why no value of the expression crosses the level, and the fix; empty when one may.
func (v Value) neverCrossed(level Level) string {
	reached := v.bounds.Greatest
	if level.Comparison == Below {
		reached = v.bounds.Least
	}
	if reached.Because == "" || level.Crossed(reached.Value) {
		return ""
	}
	return fmt.Sprintf("can never fire, for %s: %s", reached.Because, strings.ReplaceAll(reached.Fix, "%s", level.Unit.Format(reached.Limit)))
}
