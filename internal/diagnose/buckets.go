package diagnose

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/bucket"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// buckets checks that the histogram, if the value is a quantile of one, has values at which every level is crossed.
func (r *Report) buckets(p Prometheus, plan *rules.Plan) {
	if p.BucketsErr != nil {
		r.add("buckets", Unknown, "%v", p.BucketsErr)
		return
	}
	if p.Buckets == nil {
		return
	}
	now := observe.Measurable(plan, *p.Buckets)
	isNever := func(level rules.Level) bool { return level.Fit(*p.Buckets) == bucket.Never }
	switch {
	case now.Status == metav1.ConditionUnknown:
		r.add("buckets", Unknown, "%s", now.Message)
	case slices.ContainsFunc(plan.Levels, isNever):
		r.add("buckets", Fail, "%s", now.Message)
	default:
		r.add("buckets", OK, "%s", now.Message)
	}
}
