package rules

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/util/validation/field"
)

// wideBucket is how many times greater than its lower bound a bucket's upper bound must be for the bucket to be wide:
// a value anywhere inside may stand for a true one at either bound.
const wideBucket = 2

// ofValue finds templates that print an alert's value.
var ofValue = regexp.MustCompile(`\{\{.*(\$value|\.Value)`)

// ShowsValue reports whether the template may print an alert's value.
func ShowsValue(template string) bool { return ofValue.MatchString(template) }

// warnings says what is valid and will hardly do what is meant.
func (p *Plan) warnings(spec *field.Path) []string {
	var all []string
	for i, level := range p.Levels {
		if text := cmp.Or(p.aboveBuckets(level), p.insideBucket(level)); text != "" {
			all = append(all, spec.Child("levels").Index(i).Child(string(level.Comparison)).String()+": "+text)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(p.Labels)) {
		if ShowsValue(p.Labels[name]) {
			all = append(all, fmt.Sprintf("%s: makes another alert whenever the value changes, so that `for` never passes: put the value into spec.annotations",
				spec.Child("labels").Key(name)))
		}
	}
	return all
}

// aboveBuckets warns of a level that the known buckets of a source cannot show. Plimsoll's own are an error already.
func (p *Plan) aboveBuckets(level Level) string {
	bounds := p.Value.entry.Bounds()
	if len(bounds) == 0 || level.Comparison != Above {
		return ""
	}
	top := bounds[len(bounds)-1]
	if level.Value < top {
		return ""
	}
	return fmt.Sprintf("%s is not below the highest bucket (%s) of %s as %s is known to have it: unless yours has higher ones, it can never fire",
		level.Unit.Format(level.Value), level.Unit.Format(top), p.Value.entry.Metrics[0].Name, p.Value.entry.Source)
}

// insideBucket warns of a level that lies inside a wide bucket, and says which levels do not.
func (p *Plan) insideBucket(level Level) string {
	lower, upper, inside := p.Value.entry.Bucket(level.Value)
	if !inside || upper <= wideBucket*lower {
		return ""
	}
	var take []string
	for _, bound := range []float64{lower, upper} {
		if bound > p.Value.Min && bound < p.Value.Max {
			take = append(take, level.Unit.Format(bound))
		}
	}
	advice := take[0]
	if len(take) == 2 {
		advice += " or " + take[1]
	}
	return fmt.Sprintf("%s lies inside the bucket from %s to %s of %s, where values are a guess: take %s",
		level.Unit.Format(level.Value), level.Unit.Format(lower), level.Unit.Format(upper), p.Value.entry.Metrics[0].Name, advice)
}
