package controller

import (
	"context"
	"fmt"
	"maps"
	"sync"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// ruleWatch starts the watch of PrometheusRules when the kind is first seen to exist. A controller that is given the
// watch from the start would not begin its work without the Prometheus Operator, and could not say what is missing.
type ruleWatch struct {
	cache      cache.Cache
	controller controller.Controller

	mu      sync.Mutex
	started bool
}

// ensure starts the watch if it has not been started.
func (w *ruleWatch) ensure() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started {
		return nil
	}
	// By name and not by owner, so that a threshold in conflict with somebody else's rule hears when that goes.
	toThreshold := handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, rule *metav1.PartialObjectMetadata) []reconcile.Request {
		name, ours := rules.Threshold(rule.Name)
		if !ours {
			return nil
		}
		return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: rule.Namespace, Name: name}}}
	})
	if err := w.controller.Watch(namedSource{source.Kind(w.cache, newRuleMetadata(), toThreshold, ruleChanged)}); err != nil {
		return fmt.Errorf("watch PrometheusRules: %w", err)
	}
	w.started = true
	return nil
}

// namedSource is a source that can be written in the log: the controller logs it as it is, and functions have no JSON.
type namedSource struct{ source.Source }

// MarshalText is the source's name.
func (namedSource) MarshalText() ([]byte, error) {
	return []byte("kind source: " + ruleKind.String()), nil
}

// ruleChanged passes what can make a rule differ from what it should be: its spec, which counts up the generation, its
// labels and its owners. The Prometheus Operator's status writes pass by.
var ruleChanged = predicate.TypedFuncs[*metav1.PartialObjectMetadata]{
	UpdateFunc: func(e event.TypedUpdateEvent[*metav1.PartialObjectMetadata]) bool {
		return e.ObjectOld.Generation != e.ObjectNew.Generation ||
			!maps.Equal(e.ObjectOld.Labels, e.ObjectNew.Labels) ||
			!equality.Semantic.DeepEqual(e.ObjectOld.OwnerReferences, e.ObjectNew.OwnerReferences)
	},
}
