package controller

import (
	"fmt"
	"testing"
	"testing/synctest"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
)

// TestPendingLetsOthersGoFirst: while a queue is full, what is pending stays out of it, so that what comes later has not
// to wait behind it; then all of it comes, once each.
func TestPendingLetsOthersGoFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most, pendings = 2, 50
		queue := workqueue.NewTyped[ctrl.Request]()
		defer queue.ShutDown()
		p := newPending("test", most)
		go p.feed(t.Context(), queue)
		for range 2 { // the second time changes nothing
			for i := range pendings {
				p.add(types.NamespacedName{Name: fmt.Sprint("pending-", i)})
			}
		}
		synctest.Wait()
		if n := queue.Len(); n != most {
			t.Fatalf("%d wait in the queue, want %d", n, most)
		}
		changed := ctrl.Request{NamespacedName: types.NamespacedName{Name: "changed"}}
		queue.Add(changed)
		seen := map[ctrl.Request]int{}
		for len(seen) < pendings+1 {
			request, _ := queue.Get()
			queue.Done(request)
			seen[request] = len(seen)
		}
		if position := seen[changed]; position != most {
			t.Errorf("what had changed came after %d, want after %d", position, most)
		}
		p.add(types.NamespacedName{Name: "late"})
		if request, _ := queue.Get(); request.Name != "late" {
			t.Errorf("then came %s, want what was added late", request.Name)
		}
	})
}
