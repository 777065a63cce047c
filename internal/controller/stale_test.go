//go:build integration

package controller

import (
	"testing"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// TestOverdueComeFirst: of the thresholds that a new leader finds, those come first that have changed or lost their rule while
// nobody led.
func TestOverdueComeFirst(t *testing.T) {
	namespace := newNamespace(t)
	createThreshold(t, namespace, "kept", `{alert: A, expr: up, levels: [{severity: w, above: 5}]}`)
	kept := waitFor(t, admin, namespace, "kept", v1alpha1.ConditionProgrammed, v1alpha1.ReasonRuleApplied)
	reader := newLive(t, adminConfig)
	changed, robbed := kept.DeepCopy(), kept.DeepCopy()
	changed.Name, robbed.Name = "changed", "robbed"
	changed.Generation++
	queue := priorityqueue.New[ctrl.Request](t.Name())
	defer queue.ShutDown()
	for _, h := range []handler.EventHandler{&handler.EnqueueRequestForObject{}, handler.Funcs{CreateFunc: (&Reconciler{client: reader}).prioritizeStale}} {
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
