package controller

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// The controller reads from caches, which lag behind the cluster. This is why that does no harm:
//
//   - A cache that lags behind others' writes: their events are still to come, and each makes its threshold be looked at
//     again. What is done meanwhile cannot hurt. A rule is written or deleted only on condition that it is the very one,
//     in the very version, that was seen; else the API server refuses, and it is tried again. A rule that the cache says is
//     absent is asked for at the API server before it is made, so no foreign one is written over. A patch of the status
//     holds only what the controller answers for.
//   - A cache that lags behind our own writes: it would make us write the same again, with new times in the conditions.
//     ownWrites remembers the version that each of our writes has brought; while the cache shows an earlier one, or none,
//     the API server is asked.
//   - Our own writes come back as events. One that brings the rule as it was last decided on tells nothing new, whoever
//     wrote it, and is dropped: ownWrites remembers the decision before the write is sent, so that the event cannot
//     overtake it.
type expectations struct {
	mu          sync.Mutex
	byThreshold map[types.NamespacedName]expectation // by threshold
}

// ownWrite is what was last done for one threshold.
type expectation struct {
	// rule and status are the resourceVersions of the rule and of the threshold after our last write.
	rule, status string
	// decided is the mark of the rule as it should be; zero when there should be none, or a foreign one is in its place.
	lastApplied specHash
}

func newExpectations() *expectations {
	return &expectations{byThreshold: map[types.NamespacedName]expectation{}}
}

func (w *expectations) get(threshold types.NamespacedName) expectation {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.byThreshold[threshold]
}

func (w *expectations) update(threshold types.NamespacedName, f func(*expectation)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	own := w.byThreshold[threshold]
	f(&own)
	if own == (expectation{}) {
		delete(w.byThreshold, threshold)
		return
	}
	w.byThreshold[threshold] = own
}

// forget is for a threshold that is gone.
func (w *expectations) delete(threshold types.NamespacedName) {
	w.update(threshold, func(own *expectation) { *own = expectation{} })
}

// behind reports whether a cached version is older than that of our own write, if there was one.
func predates(cached, written string) bool {
	if written == "" {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(cached, written)
	return err != nil || order < 0
}
