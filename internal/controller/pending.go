package controller

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// queuePause is the pause after which a queue that was full is looked at again.
const queuePause = 10 * time.Millisecond

// pending are thresholds to be looked at because something else is known of them. Whoever adds one never waits, and one
// that is added again before its turn has one turn.
//
// They go into the controller's queue only while fewer than most wait there. So a changed spec waits behind that many at
// most, although a Prometheus that goes or comes back changes the status of thousands.
type pending struct {
	name string
	most int
	// added holds something when there may be a key.
	added chan struct{}

	mu   sync.Mutex
	keys map[types.NamespacedName]struct{}
}

func newPending(name string, most int) *pending {
	return &pending{name: name, most: most, added: make(chan struct{}, 1), keys: map[types.NamespacedName]struct{}{}}
}

func (p *pending) add(key types.NamespacedName) {
	p.mu.Lock()
	p.keys[key] = struct{}{}
	p.mu.Unlock()
	select {
	case p.added <- struct{}{}:
	default:
	}
}

// take removes one of the keys, whichever.
func (p *pending) take() (key types.NamespacedName, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key := range p.keys {
		delete(p.keys, key)
		return key, true
	}
	return key, false
}

// source gives them to the queue of a controller, one.
func (p *pending) source() source.Source {
	feed := source.Func(func(ctx context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		go p.feed(ctx, queue)
		return nil
	})
	return namedSource{feed, "pending: " + p.name}
}

func (p *pending) feed(ctx context.Context, queue workqueue.TypedInterface[ctrl.Request]) {
	for ctx.Err() == nil {
		if queue.Len() >= p.most {
			select {
			case <-ctx.Done():
			case <-time.After(queuePause):
			}
			continue
		}
		if key, ok := p.take(); ok {
			queue.Add(ctrl.Request{NamespacedName: key})
			continue
		}
		select {
		case <-ctx.Done():
		case <-p.added:
		}
	}
}
