package controller

import (
	"context"
	"fmt"
	"time"

	promclient "github.com/prometheus/client_golang/prometheus"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	coordinationclient "k8s.io/client-go/kubernetes/typed/coordination/v1"
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
	"github.com/plimsoll-dev/plimsoll/internal/controller/claims"
	"github.com/plimsoll-dev/plimsoll/internal/controller/prometheus"
	"github.com/plimsoll-dev/plimsoll/internal/controller/requeue"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/snapshot"
)

// Options are what the manager chooses about the controller.
type Options struct {
	// RuleLabels are put on every PrometheusRule.
	RuleLabels map[string]string
	// Rules say how thresholds become rules.
	Rules rules.Options
	// Name is the controller's name among others, and Leases are where it finds them; empty to look for none.
	Name   string
	Leases coordinationclient.LeasesGetter
	// Prometheus is asked what has become of the rules.
	Prometheus prometheus.Options
	// Registerer takes the controller's metrics.
	Registerer promclient.Registerer
}

// workers is how many thresholds are reconciled at once. A new one takes three calls of the API server, and when many
// are created, or the controller starts, they are all due.
const workers = 8

// baseDelay and maxDelay are the delays after the first and after many failures to reconcile one threshold. The latter is how
// long a threshold may stay behind once the API server works again.
const (
	baseDelay = 5 * time.Millisecond
	maxDelay  = 10 * time.Second
)

// newRateLimiter limits retries of each threshold alone: by the default, one bucket of ten a second for all, thousands that
// had failed together would take minutes.
func newRateLimiter() workqueue.TypedRateLimiter[ctrl.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[ctrl.Request](baseDelay, maxDelay)
}

// AddToScheme adds the types that the controller reads and writes.
func AddToScheme(scheme *runtime.Scheme) error {
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		return fmt.Errorf("registering the API types: %w", err)
	}
	addRuleMetadata(scheme)
	snapshot.AddToScheme(scheme)
	return nil
}

// Add makes mgr run a Reconciler, with all that makes it reconcile a threshold again.
func Add(mgr ctrl.Manager, o Options) error {
	r := &Reconciler{
		client:       mgr.GetClient(),
		apiReader:    mgr.GetAPIReader(),
		expectations: newExpectations(),
		events:       mgr.GetEventRecorder(eventSource),
		ruleLabels:   o.RuleLabels,
		rules:        o.Rules,
	}
	r.ruleWatch = &ruleWatch{cache: mgr.GetCache(), labelNames: ourLabels(o.RuleLabels), expectations: r.expectations}
	var err error
	if r.tracker, err = prometheus.Add(mgr, o.Prometheus, o.RuleLabels, eventSource); err != nil {
		return err
	}
	if r.metrics, err = newMetrics(o.Registerer, r.client, mgr.Elected(), o.Name); err != nil {
		return err
	}
	contested := requeue.New("other controllers")
	if o.Name != "" {
		if r.claims, err = claims.Add(mgr, o.Leases, o.Name, func(ctx context.Context) { r.requeueAll(ctx, contested) }); err != nil {
			return err
		}
	}
	if err := mgr.GetFieldIndexer().IndexField(context.Background(), &v1alpha1.AlertThreshold{}, alertField, indexAlert); err != nil {
		return fmt.Errorf("indexing AlertThresholds by alert: %w", err)
	}
	b := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.AlertThreshold{}, builder.WithPredicates(thresholdChanged)).
		Watches(&v1alpha1.AlertThreshold{}, handler.EnqueueRequestsFromMapFunc(r.overriddenDefaults), builder.WithPredicates(thresholdChanged)).
		Watches(&v1alpha1.AlertThreshold{}, handler.Funcs{CreateFunc: r.prioritizeStale}).
		WatchesRawSource(contested.Source()).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers,
			RateLimiter:             newRateLimiter(),
			SkipNameValidation:      ptr.To(true), // one controller each, but a test may run several managers
		})
	if r.tracker != nil {
		b = b.WatchesRawSource(r.tracker.Source())
	}
	if r.ruleWatch.controller, err = b.Build(r); err != nil {
		return fmt.Errorf("building the AlertThreshold controller: %w", err)
	}
	_, err = mgr.GetRESTMapper().RESTMapping(ruleKind.GroupKind(), ruleKind.Version)
	switch {
	case meta.IsNoMatchError(err):
		return nil // the watch begins when the Prometheus Operator has been installed
	case err != nil:
		return fmt.Errorf("asking the API server for its kinds: %w", err)
	}
	return r.ruleWatch.start()
}

// requeueAll has every threshold reconciled again.
func (r *Reconciler) requeueAll(ctx context.Context, queue *requeue.Requeuer) {
	var list v1alpha1.AlertThresholdList
	if err := r.client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return // the manager is stopping: a cache does not fail otherwise
	}
	for i := range list.Items {
		queue.Add(client.ObjectKeyFromObject(&list.Items[i]))
	}
}

// prioritizeStale puts those of the initial list first that changed, or lost their rule, while nobody led.
func (r *Reconciler) prioritizeStale(ctx context.Context, e event.CreateEvent, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) {
	t, ok := e.Object.(*v1alpha1.AlertThreshold)
	if byPriority, can := queue.(priorityqueue.PriorityQueue[ctrl.Request]); ok && can && e.IsInInitialList && r.isStale(ctx, t) {
		byPriority.AddWithOpts(priorityqueue.AddOpts{Priority: ptr.To(0)}, ctrl.Request{NamespacedName: client.ObjectKeyFromObject(t)})
	}
}

// isStale reports whether a threshold has changed since it was last reconciled, or its rule is gone, as far as the cache
// knows. It need not be right: all are reconciled.
func (r *Reconciler) isStale(ctx context.Context, t *v1alpha1.AlertThreshold) bool {
	if t.Status.ObservedGeneration != t.Generation {
		return true
	}
	return meta.IsStatusConditionTrue(t.Status.Conditions, v1alpha1.ConditionProgrammed) &&
		apierrors.IsNotFound(r.client.Get(ctx, ruleOf(client.ObjectKeyFromObject(t)), &ruleMetadata{}))
}

// thresholdChanged passes what can change a plan: the spec and a deletion, which raise the generation, and the label of a
// default. A write of the status is dropped.
var thresholdChanged = predicate.Or(
	predicate.GenerationChangedPredicate{},
	predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool { return isDefault(e.ObjectOld) != isDefault(e.ObjectNew) }},
)
