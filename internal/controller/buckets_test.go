//go:build integration

package controller_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// TestBuckets takes levels above and inside the buckets of a real Prometheus to the condition and its events, and back.
func TestBuckets(t *testing.T) {
	t.Parallel()
	histogram := &prometheusserver.Histogram{Name: "agentgateway_gen_ai_server_time_to_first_token", Namespace: "default"}
	histogram.SetBounds(1, 5, 8)
	cfg, own := ownCluster(t, thresholdCRDs, ruleCRD, prometheusCRD)
	s := &stage{cfg: cfg, admin: own, server: prometheusserver.StartScraping(t, histogram)}
	prometheus, err := promapi.New(promapi.Options{URL: s.server.URL()})
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, time.Minute, func() error {
		rates, err := prometheus.Query(t.Context(), "rate(agentgateway_gen_ai_server_time_to_first_token_bucket[5s] offset 2s)", time.Time{})
		if err == nil && len(rates) == 0 {
			err = errors.New("no rate yet")
		}
		return err
	})
	defer s.control(t)()
	const spec = `{alert: Slow, signal: {name: ModelTimeToFirstToken, source: Agentgateway, window: 5s}, levels: [{severity: critical, above: 30s}]}`
	s.create(t, "slow", spec)
	s.create(t, "own", `{alert: Own, unit: Seconds, expr: 'histogram_quantile(0.5, sum by (le) (rate(agentgateway_gen_ai_server_time_to_first_token_bucket[5s])))', levels: [{severity: warning, above: 2s}]}`)
	s.create(t, "other", `{alert: Other, expr: vector(1), levels: [{severity: warning, above: 2}]}`)

	threshold := s.waitMeasurable(t, "slow", metav1.ConditionFalse, v1alpha1.ReasonBeyondBuckets, 1,
		"level critical (> 30s) lies above the highest bucket (8s) of agentgateway_gen_ai_server_time_to_first_token: it can never fire")
	expectCondition(t, threshold, v1alpha1.ConditionReady, metav1.ConditionTrue, 1, "")
	if got := meta.FindStatusCondition(threshold.Status.Conditions, v1alpha1.ConditionAccepted).Message; got != "the spec is valid" {
		t.Errorf("buckets that are only known are warned of too: %s", got)
	}
	s.waitMeasurable(t, "own", metav1.ConditionFalse, v1alpha1.ReasonInsideBucket, 1, "lies inside the bucket 1s to 5s of ")

	change := func(name string, above v1alpha1.Value) {
		threshold := getThreshold(t, s.admin, "default", name)
		threshold.Spec.Levels[0].Above = above
		if err := s.admin.Update(t.Context(), threshold); err != nil {
			t.Fatal(err)
		}
	}
	change("slow", "5s")
	change("own", "1s")
	s.waitMeasurable(t, "slow", metav1.ConditionTrue, v1alpha1.ReasonBucketsFit, 2, "can show every level")
	s.waitMeasurable(t, "own", metav1.ConditionTrue, v1alpha1.ReasonBucketsFit, 2, "can show every level")
	for name, reason := range map[string]string{"slow": v1alpha1.ReasonBeyondBuckets, "own": v1alpha1.ReasonInsideBucket} {
		s.expectEvents(t, name, corev1.EventTypeWarning+" "+reason, corev1.EventTypeNormal+" "+v1alpha1.ReasonBucketsFit)
	}
	s.expectEvents(t, "other")
	if c := meta.FindStatusCondition(getThreshold(t, s.admin, "default", "other").Status.Conditions, v1alpha1.ConditionMeasurable); c != nil {
		t.Errorf("not a quantile, and yet %+v", c)
	}

	// Other buckets, of which a new generation hears.
	histogram.SetBounds(1, 60)
	time.Sleep(10 * time.Second) // rate(...[5s]) has the old ones for a while
	change("slow", "30s")
	s.waitMeasurable(t, "slow", metav1.ConditionFalse, v1alpha1.ReasonInsideBucket, 3, "lies inside the bucket 1s to 1m of ")
	s.waitMeasurable(t, "slow", metav1.ConditionFalse, v1alpha1.ReasonInsideBucket, 3, " changed on ")

	// Without Prometheus, what is known of the source holds.
	s.server.Stop()
	change("slow", "40s")
	s.waitMeasurable(t, "slow", metav1.ConditionUnknown, v1alpha1.ReasonBucketsUnknown, 4, "could not be read")
	expectCondition(t, getThreshold(t, s.admin, "default", "slow"), v1alpha1.ConditionAccepted, metav1.ConditionTrue, 4, "than Agentgateway is known to have")
	expectCondition(t, getThreshold(t, s.admin, "default", "own"), v1alpha1.ConditionMeasurable, metav1.ConditionTrue, 2, "")
}

// waitMeasurable waits until the condition Measurable is so.
func (s *stage) waitMeasurable(t *testing.T, name string, status metav1.ConditionStatus, reason string, generation int64, says string) *v1alpha1.AlertThreshold {
	t.Helper()
	var threshold *v1alpha1.AlertThreshold
	eventually(t, time.Minute, func() error {
		threshold = getThreshold(t, s.admin, "default", name)
		is := meta.FindStatusCondition(threshold.Status.Conditions, v1alpha1.ConditionMeasurable)
		if is == nil || is.Status != status || is.Reason != reason || is.ObservedGeneration != generation || !strings.Contains(is.Message, says) {
			return fmt.Errorf("%s: condition is %+v, want %s %s of generation %d saying %q", name, is, status, reason, generation, says)
		}
		return nil
	})
	return threshold
}

// expectEvents waits until the events about the threshold's buckets, in order of time, are these.
func (s *stage) expectEvents(t *testing.T, name string, want ...string) {
	t.Helper()
	eventually(t, 10*time.Second, func() error {
		var list eventsv1.EventList
		if err := s.admin.List(t.Context(), &list); err != nil {
			return err
		}
		slices.SortFunc(list.Items, func(a, b eventsv1.Event) int { return a.EventTime.Compare(b.EventTime.Time) })
		var seen []string
		for _, event := range list.Items {
			if event.Regarding.Name == name && (strings.Contains(event.Reason, "Bucket") || event.Reason == v1alpha1.ReasonSpecWarning) {
				seen = append(seen, event.Type+" "+event.Reason)
			}
		}
		if !slices.Equal(seen, want) {
			return fmt.Errorf("events about %s are %q, want %q", name, seen, want)
		}
		return nil
	})
}
