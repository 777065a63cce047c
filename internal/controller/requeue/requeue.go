// Package requeue has thresholds reconciled again for reasons that no watch tells.
package requeue

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// Requeuer puts thresholds into a controller's queue, behind those whose spec has changed: a Prometheus that comes back
// changes the status of thousands.
type Requeuer struct {
	name string

	mu sync.Mutex
	// queue is nil until the controller is started; early are the requests until then.
	queue priorityqueue.PriorityQueue[ctrl.Request]
	early []ctrl.Request
}

// New returns a Requeuer; the name says in logs why it requeues.
func New(name string) *Requeuer { return &Requeuer{name: name} }

// Add requeues the thresholds. It does not block.
func (r *Requeuer) Add(keys ...types.NamespacedName) {
	requests := make([]ctrl.Request, len(keys))
	for i, key := range keys {
		requests[i].NamespacedName = key
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.early = append(r.early, requests...)
	r.flush()
}

// flush empties early into the queue, if there is one. The lock must be held.
func (r *Requeuer) flush() {
	if r.queue == nil {
		return
	}
	priority := handler.LowPriority
	r.queue.AddWithOpts(priorityqueue.AddOpts{Priority: &priority}, r.early...)
	r.early = nil
}

// Source is the source of one controller's requests.
func (r *Requeuer) Source() source.Source {
	start := source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		byPriority, ok := queue.(priorityqueue.PriorityQueue[ctrl.Request])
		if !ok {
			return fmt.Errorf("requeuing for %s: a %T has no priorities", r.name, queue)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.queue = byPriority
		r.flush()
		return nil
	})
	return Named{start, "requeue: " + r.name}
}

// Named is a source that the controller can log, which it does as JSON: functions have none.
type Named struct {
	source.Source
	Name string
}

// MarshalText is encoding.TextMarshaler's.
func (n Named) MarshalText() ([]byte, error) { return []byte(n.Name), nil }
