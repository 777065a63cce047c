package controller

import (
	"context"
	"fmt"
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// pending are thresholds to be looked at because something else is known of them. Whoever adds one never waits.
//
// They have one priority in the controller's queue, for all. With handler.LowPriority a changed spec waits behind none of
// them, although a Prometheus that goes or comes back changes the status of thousands.
type pending struct {
	name     string
	priority int

	mu sync.Mutex
	// queue is nil until the controller is started; early is what it has not been given.
	queue priorityqueue.PriorityQueue[ctrl.Request]
	early []ctrl.Request
}

func (p *pending) add(keys ...types.NamespacedName) {
	requests := make([]ctrl.Request, len(keys))
	for i, key := range keys {
		requests[i].NamespacedName = key
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.early = append(p.early, requests...)
	p.handOver()
}

// handOver gives what there is to the queue, if there is one. The lock must be held.
func (p *pending) handOver() {
	if p.queue != nil {
		p.queue.AddWithOpts(priorityqueue.AddOpts{Priority: &p.priority}, p.early...)
		p.early = nil
	}
}

// source gives them to the queue of a controller, one.
func (p *pending) source() source.Source {
	start := source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		byPriority, ok := queue.(priorityqueue.PriorityQueue[ctrl.Request])
		if !ok {
			return fmt.Errorf("%s: a %T knows no priorities", p.name, queue)
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		p.queue = byPriority
		p.handOver()
		return nil
	})
	return namedSource{start, "pending: " + p.name}
}
