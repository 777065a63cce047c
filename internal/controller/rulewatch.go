package controller

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/plimsoll-dev/plimsoll/internal/controller/requeue"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// ruleWatch watches PrometheusRules once the kind exists. A controller that had the watch from the start would not run
// without the Prometheus Operator, and could not say what is missing.
type ruleWatch struct {
	cache      cache.Cache
	controller controller.Controller
	// labelNames are the labels of a rule that are ours, sorted.
	labelNames   []string
	expectations *expectations

	mu        sync.Mutex
	isStarted bool
}

// start starts the watch if it has not been started.
func (w *ruleWatch) start() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.isStarted {
		return nil
	}
	// By name and not by owner, so that a threshold in conflict with somebody else's rule is reconciled when that goes.
	toThreshold := handler.TypedEnqueueRequestsFromMapFunc(func(_ context.Context, rule *ruleMetadata) []reconcile.Request {
		key, ok := thresholdOf(rule)
		if !ok {
			return nil
		}
		return []reconcile.Request{{NamespacedName: key}}
	})
	if err := w.controller.Watch(requeue.Named{Source: source.Kind(w.cache, &ruleMetadata{}, toThreshold, w.ruleChanged()), Name: "kind source: " + ruleKind.String()}); err != nil {
		return fmt.Errorf("watching PrometheusRules: %w", err)
	}
	// A replica that stands by watches too, so that its cache is filled when it leads.
	if _, err := w.cache.GetInformer(context.Background(), &ruleMetadata{}, cache.BlockUntilSynced(false)); err != nil {
		return fmt.Errorf("watching PrometheusRules: %w", err)
	}
	w.isStarted = true
	return nil
}

// thresholdOf is the threshold whose rule would have the rule's name, if there can be one.
func thresholdOf(rule *ruleMetadata) (key types.NamespacedName, ok bool) {
	name, ok := rules.Threshold(rule.Name)
	return types.NamespacedName{Namespace: rule.Namespace, Name: name}, ok
}

// ruleOf is the rule of a threshold: the inverse of thresholdOf.
func ruleOf(threshold types.NamespacedName) types.NamespacedName {
	return types.NamespacedName{Namespace: threshold.Namespace, Name: rules.Name(threshold.Name)}
}

// ruleChanged passes what can make a rule differ from what it should be. It drops the Prometheus Operator's status writes,
// and what brings the rule as it was last applied.
func (w *ruleWatch) ruleChanged() predicate.TypedPredicate[*ruleMetadata] {
	isLastApplied := func(rule *ruleMetadata) bool {
		key, ok := thresholdOf(rule)
		return ok && w.expectations.get(key).lastApplied == rule.contentHash(w.labelNames)
	}
	return predicate.TypedFuncs[*ruleMetadata]{
		CreateFunc: func(e event.TypedCreateEvent[*ruleMetadata]) bool { return !isLastApplied(e.Object) },
		UpdateFunc: func(e event.TypedUpdateEvent[*ruleMetadata]) bool {
			before, after := e.ObjectOld, e.ObjectNew
			changed := before.contentHash(w.labelNames) != after.contentHash(w.labelNames) || before.UID != after.UID ||
				!equality.Semantic.DeepEqual(before.OwnerReferences, after.OwnerReferences)
			return changed && !isLastApplied(after)
		},
	}
}

// ourLabels returns the names of the labels that every rule of ours has, sorted.
func ourLabels(ruleLabels map[string]string) []string {
	return slices.Sorted(maps.Keys((&rules.Plan{}).Rule(ruleLabels).Labels))
}
