package controller

import (
	"context"
	"strconv"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
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

// ruleCache is a cache that holds the rules of those names.
type ruleCache struct {
	client.Client
	names map[string]bool
}

func (c ruleCache) Get(_ context.Context, key client.ObjectKey, _ client.Object, _ ...client.GetOption) error {
	if !c.names[key.Name] {
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	return nil
}

// TestStaleComeFirst: of the thresholds that a new leader finds, those come first that have changed or lost their rule while
// nobody led.
func TestStaleComeFirst(t *testing.T) {
	kept := newThreshold()
	settle(kept, 3, seen{})
	changed, robbed := kept.DeepCopy(), kept.DeepCopy()
	kept.Name, changed.Name, robbed.Name = "kept", "changed", "robbed"
	changed.Generation++
	r := &Reconciler{client: ruleCache{names: map[string]bool{"plimsoll-kept": true, "plimsoll-changed": true}}}
	queue := priorityqueue.New[ctrl.Request](t.Name())
	defer queue.ShutDown()
	for _, h := range []handler.EventHandler{&handler.EnqueueRequestForObject{}, handler.Funcs{CreateFunc: r.prioritizeStale}} {
		for _, threshold := range []*v1alpha1.AlertThreshold{kept, changed, robbed} {
			h.Create(t.Context(), event.CreateEvent{Object: threshold, IsInInitialList: true}, queue)
		}
	}
	for i, want := range []string{"changed", "robbed", "kept"} {
		if request, _ := queue.Get(); request.Name != want {
			t.Errorf("number %d is %s, want %s", i, request.Name, want)
		}
	}
}
