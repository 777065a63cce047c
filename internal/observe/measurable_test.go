package observe

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/bucket"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

func TestMeasurable(t *testing.T) {
	level := func(severity string, comparison rules.Comparison, value float64) rules.Level {
		return rules.Level{Severity: severity, Comparison: comparison, Value: value, Unit: signal.Seconds}
	}
	known := bucket.Known("x", []float64{1, 5, 10})
	changed := known
	changed.ChangedAt = time.Date(2026, 11, 29, 23, 0, 0, 0, time.UTC)
	const isTrue, isFalse, unknown = metav1.ConditionTrue, metav1.ConditionFalse, metav1.ConditionUnknown
	for name, tc := range map[string]struct {
		h      bucket.Histogram
		levels []rules.Level
		want   Condition
	}{
		"fits": {known, []rules.Level{level("warning", rules.Above, 5)}, Condition{isTrue, v1alpha1.ReasonBucketsFit, "the buckets of x can show every level"}},
		"one of two never": {known, []rules.Level{level("warning", rules.Above, 2), level("critical", rules.Above, 30)}, Condition{isFalse, v1alpha1.ReasonBeyondBuckets,
			"level warning (> 2s) lies inside the bucket 1s to 5s of x: what fires is a guess, take 1s or 5s; " +
				"level critical (> 30s) lies above the highest bucket (10s) of x: it can never fire"}},
		"on the top": {known, []rules.Level{level("critical", rules.Above, 10)}, Condition{isFalse, v1alpha1.ReasonBeyondBuckets,
			"level critical (> 10s) lies on the highest bucket (10s) of x, which no value exceeds: it can never fire"}},
		"always": {known, []rules.Level{level("critical", rules.Below, 30)}, Condition{isFalse, v1alpha1.ReasonBeyondBuckets,
			"level critical (< 30s) lies above the highest bucket (10s) of x: it fires whenever there is a value"}},
		"below nothing": {known, []rules.Level{level("critical", rules.Below, 0)}, Condition{isFalse, v1alpha1.ReasonBeyondBuckets,
			"level critical (< 0s) lies at or below the least value of x: it can never fire"}},
		"in the first": {known, []rules.Level{level("warning", rules.Below, 0.5)}, Condition{isFalse, v1alpha1.ReasonInsideBucket,
			"level warning (< 500ms) lies inside the bucket 0s to 1s of x: what fires is a guess, take 1s"}},
		"two versions": {bucket.Histogram{Bounds: []float64{1, 5, 10}, Shared: []float64{5}}, []rules.Level{level("warning", rules.Above, 7)}, Condition{isFalse, v1alpha1.ReasonInsideBucket,
			"level warning (> 7s) lies where the series of the histogram have no bucket in common: what fires is a guess, take 5s; the series of the histogram have different buckets"}},
		"changed": {changed, []rules.Level{level("warning", rules.Above, 5)}, Condition{isTrue, v1alpha1.ReasonBucketsFit,
			"the buckets of x can show every level; the buckets of x changed on 2026-11-29: fires before that are counted by other bounds"}},
		"nothing": {bucket.Histogram{Metric: "x"}, []rules.Level{level("warning", rules.Above, 30)}, Condition{unknown, v1alpha1.ReasonBucketsUnknown,
			"Prometheus has no buckets of x: check that these series exist"}},
		"native": {bucket.Histogram{Metric: "x", IsNative: true}, []rules.Level{level("warning", rules.Above, 30)}, Condition{isTrue, v1alpha1.ReasonBucketsFit,
			"the buckets of x can show every level"}},
	} {
		if got := Measurable(&rules.Plan{Levels: tc.levels}, tc.h); got != tc.want {
			t.Errorf("%s: condition is\n%+v, want\n%+v", name, got, tc.want)
		}
	}
}
