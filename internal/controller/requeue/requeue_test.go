package requeue

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
)

// TestRequeuedComeLast: what is requeued comes after what has changed, once each, also from before the controller had a queue.
func TestRequeuedComeLast(t *testing.T) {
	queue := priorityqueue.New[ctrl.Request](t.Name())
	defer queue.ShutDown()
	key := func(name string) types.NamespacedName { return types.NamespacedName{Namespace: "shop", Name: name} }
	r := New("test")
	r.Add(key("early"), key("both"))
	if err := r.Source().Start(t.Context(), queue); err != nil {
		t.Fatal(err)
	}
	r.Add(key("early"))
	r.Add(key("requeued"))
	queue.Add(ctrl.Request{NamespacedName: key("changed")})
	queue.Add(ctrl.Request{NamespacedName: key("both")})
	for i, want := range []string{"changed", "both", "early", "requeued"} {
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
