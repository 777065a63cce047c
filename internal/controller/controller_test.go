package controller

import (
	"strconv"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
)

// TestRetriesAreSoon has thousands of thresholds fail together, again and again, as while the API server refuses: each is
// tried again within seconds of its end.
func TestRetriesAreSoon(t *testing.T) {
	retries := newRateLimiter()
	longest := time.Duration(0)
	for i := range 2000 {
		threshold := ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "ai", Name: strconv.Itoa(i)}}
		for range 20 {
			longest = max(longest, retries.When(threshold))
		}
	}
	if longest > 10*time.Second {
		t.Errorf("the longest pause is %s, want at most 10s", longest)
	}
}
