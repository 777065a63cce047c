package controller

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
)

// TestPendingLetsOthersGoFirst: what is pending comes after what has changed, once each, also what was pending before the
// controller had a queue.
func TestPendingLetsOthersGoFirst(t *testing.T) {
	queue := priorityqueue.New[ctrl.Request](t.Name())
	defer queue.ShutDown()
	key := func(name string) types.NamespacedName { return types.NamespacedName{Namespace: "shop", Name: name} }
	p := &pending{name: "test", priority: handler.LowPriority}
	p.add(key("early"), key("both"))
	if err := p.source().Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	p.add(key("early"))
	p.add(key("pending"))
	queue.Add(ctrl.Request{NamespacedName: key("changed")})
	queue.Add(ctrl.Request{NamespacedName: key("both")})
	for i, want := range []string{"changed", "both", "early", "pending"} {
		request, _ := queue.Get()
		queue.Done(request)
		if request.Name != want {
			t.Errorf("number %d is %s, want %s", i, request.Name, want)
		}
	}
	if n := queue.Len(); n != 0 {
		t.Errorf("%d are left", n)
	}
}
