package observe

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/bucket"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// Measurable is the condition of that name, given the buckets that were read.
func Measurable(plan *rules.Plan, h bucket.Histogram) Condition {
	warnings := plan.BucketWarnings(h)
	c := Condition{Status: metav1.ConditionFalse, Message: strings.Join(slices.Concat(warnings, h.Notes()), "; ")}
	isBeyond := func(level rules.Level) bool {
		fit := level.Fit(h)
		return fit == bucket.Never || fit == bucket.Always
	}
	switch {
	case !h.IsRead():
		c.Status, c.Reason = metav1.ConditionUnknown, v1alpha1.ReasonBucketsUnknown
		c.Message = "Prometheus has no buckets of " + h.String() + ": check that these series exist"
	case slices.ContainsFunc(plan.Levels, isBeyond):
		c.Reason = v1alpha1.ReasonBeyondBuckets
	case len(warnings) > 0:
		c.Reason = v1alpha1.ReasonInsideBucket
	default:
		c.Status, c.Reason = metav1.ConditionTrue, v1alpha1.ReasonBucketsFit
		c.Message = strings.Join(append([]string{"the buckets of " + h.String() + " can show every level"}, h.Notes()...), "; ")
	}
	return c
}
