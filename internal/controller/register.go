package controller

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// workers is how many thresholds are reconciled at once. A new one takes three calls of the API server, and when many
// are created, or the controller starts, they are all due.
const workers = 8

// retryFirst and retryLast are the pauses after the first and after many failures to reconcile one threshold. The last is
// how long a threshold may stay behind once the API server does its work again.
const (
	baseDelay = 5 * time.Millisecond
	maxDelay  = 10 * time.Second
)

// newRetries says when a threshold is tried again. It counts for each threshold alone: with the one bucket for all that is
// the default, of ten retries a second, thousands that had failed together would take minutes to come right.
func newRateLimiter() workqueue.TypedRateLimiter[ctrl.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[ctrl.Request](baseDelay, maxDelay)
}

// eventSource is who tells of events.
const eventSource = "plimsoll-controller"

// register makes mgr run a Reconciler. All that makes a threshold be looked at again comes together here.
func register(mgr ctrl.Manager, o Options) error {
	r := &Reconciler{
		client:       mgr.GetClient(),
		apiReader:    mgr.GetAPIReader(),
		expectations: newExpectations(),
		events:       mgr.GetEventRecorder(eventSource),
		ruleLabels:   o.RuleLabels,
	}
	r.ruleWatch = &ruleWatch{cache: mgr.GetCache(), labelNames: ourLabels(o.RuleLabels), expectations: r.expectations}
	var err error
	if r.insight, err = newInsight(mgr, o, mgr.GetLogger().WithName("prometheus")); err != nil {
		return err
	}
	contest, err := r.addClaims(mgr, o)
	if err != nil {
		return err
	}
	if r.metrics, err = newMetrics(o.Registerer, r.client, mgr.Elected(), o.controllerName()); err != nil {
		return err
	}
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.AlertThreshold{}, roleField, indexRole); err != nil {
		return fmt.Errorf("index AlertThresholds by alert: %w", err)
	}
	r.ruleWatch.controller, err = ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.AlertThreshold{}, builder.WithPredicates(thresholdChanged)).
		Watches(&v1alpha1.AlertThreshold{}, handler.EnqueueRequestsFromMapFunc(r.overriddenDefaults), builder.WithPredicates(thresholdChanged)).
		Watches(&v1alpha1.AlertThreshold{}, handler.Funcs{CreateFunc: r.prioritizeStale}).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers,
			RateLimiter:             newRateLimiter(),
			SkipNameValidation:      ptr.To(true), // one controller each, but a test may run several managers
		}).
		Build(r)
	if err != nil {
		return fmt.Errorf("build the AlertThreshold controller: %w", err)
	}
	if err := r.ruleWatch.controller.Watch(contest.source()); err != nil {
		return fmt.Errorf("watching other controllers: %w", err)
	}
	if r.insight != nil {
		if err := r.ruleWatch.controller.Watch(r.insight.source()); err != nil {
			return fmt.Errorf("watch what is known from Prometheus: %w", err)
		}
	}
	_, err = mgr.GetRESTMapper().RESTMapping(ruleKind.GroupKind(), ruleKind.Version)
	switch {
	case meta.IsNoMatchError(err):
		return nil // the watch begins when the Prometheus Operator has been installed
	case err != nil:
		return fmt.Errorf("ask the API server for its kinds: %w", err)
	}
	return r.ruleWatch.start()
}

// addClaims makes mgr look for other controllers, if this one has a Lease by which they find it too. What it returns has
// all thresholds reconciled when another one comes, goes or changes.
func (r *Reconciler) addClaims(mgr ctrl.Manager, o Options) (*pending, error) {
	contest := &pending{name: "other controllers", priority: handler.LowPriority}
	if !o.LeaderElection {
		return contest, nil
	}
	leases, err := newLeases(mgr.GetConfig())
	if err != nil {
		return nil, err
	}
	log := mgr.GetLogger().WithName("claims")
	watcher := &peers{leases: leases, self: o.controllerName(), log: log, changed: func(ctx context.Context) {
		var list v1alpha1.AlertThresholdList
		if err := r.client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
			return // the manager is ending: nothing else fails to read from a cache
		}
		for i := range list.Items {
			contest.add(client.ObjectKeyFromObject(&list.Items[i]))
		}
	}}
	if err := mgr.Add(watcher); err != nil {
		return nil, fmt.Errorf("adding the watch of other controllers: %w", err)
	}
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.AlertThreshold{}, claimField, indexClaim(watcher.self)); err != nil {
		return nil, fmt.Errorf("indexing AlertThresholds by controller: %w", err)
	}
	r.claims = &claims{reader: r.client, peers: watcher, log: log, left: map[string]string{}}
	return contest, nil
}

// first has a threshold looked at before others, of all that are there when the controller begins, if something was to be
// done while nobody led.
func (r *Reconciler) prioritizeStale(ctx context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
	t, ok := e.Object.(*v1alpha1.AlertThreshold)
	if byPriority, can := queue.(priorityqueue.PriorityQueue[ctrl.Request]); ok && can && e.IsInInitialList && r.isStale(ctx, t) {
		byPriority.AddWithOpts(priorityqueue.AddOpts{Priority: ptr.To(0)}, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(t)})
	}
}

// overdue reports whether the cache shows that a threshold has changed since it was last looked at, or that its rule is
// gone. It need not be right: all are looked at.
func (r *Reconciler) isStale(ctx context.Context, t *v1alpha1.AlertThreshold) bool {
	if t.Status.ObservedGeneration != t.Generation {
		return true
	}
	return meta.IsStatusConditionTrue(t.Status.Conditions, v1alpha1.ConditionProgrammed) &&
		apierrors.IsNotFound(r.client.Get(ctx, ruleOf(client.ObjectKeyFromObject(t)), &ruleMetadata{}))
}

// thresholdChanged passes what can change a decision: the spec, which counts up the generation, as a beginning deletion
// does too, and the mark of a default. A write of the status passes by.
var thresholdChanged = predicate.Or(
	predicate.GenerationChangedPredicate{},
	predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool { return isDefault(e.ObjectOld) != isDefault(e.ObjectNew) }},
)
