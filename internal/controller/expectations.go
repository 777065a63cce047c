package controller

import (
	"sync"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
)

// expectations remember what the caches should show after our own writes: while they show less, the API server is asked, and
// an event that brings only what was last applied is dropped. See internal/decisions.md.
type expectations struct {
	mu          sync.Mutex
	byThreshold map[types.NamespacedName]expectation
}

// expectation is what was last done for one threshold.
type expectation struct {
	// ruleVersion and statusVersion are the resourceVersions of the rule and of the threshold after our last write.
	ruleVersion, statusVersion string
	// lastApplied is the hash of the rule as it should be; zero when there should be none, or a foreign one is in its place.
	lastApplied ruleHash
}

func newExpectations() *expectations {
	return &expectations{byThreshold: map[types.NamespacedName]expectation{}}
}

func (e *expectations) get(threshold types.NamespacedName) expectation {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.byThreshold[threshold]
}

func (e *expectations) update(threshold types.NamespacedName, change func(*expectation)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	expected := e.byThreshold[threshold]
	change(&expected)
	if expected == (expectation{}) {
		delete(e.byThreshold, threshold)
		return
	}
	e.byThreshold[threshold] = expected
}

// delete is for a threshold that is gone.
func (e *expectations) delete(threshold types.NamespacedName) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.byThreshold, threshold)
}

// predates reports whether the cached version is older than that of our last write, if there was one.
func predates(cached, written string) bool {
	if written == "" {
		return false
	}
	order, err := resourceversion.CompareResourceVersion(cached, written)
	return err != nil || order < 0
}
