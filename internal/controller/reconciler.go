// Package controller keeps one PrometheusRule for every AlertThreshold: it gathers what is in the cluster, decides what
// should be, applies it, and writes down in the status how it went.
package controller

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// fieldOwner is the controller's name in managedFields.
const fieldOwner = client.FieldOwner("plimsoll-controller")

// workers is how many thresholds are reconciled at once. One takes three or four calls of the API server, and when
// the controller starts they are all due.
const workers = 4

// +kubebuilder:rbac:groups=plimsoll.dev,resources=alertthresholds,verbs=get;list;watch
// +kubebuilder:rbac:groups=plimsoll.dev,resources=alertthresholds/status,verbs=patch
// +kubebuilder:rbac:groups=plimsoll.dev,resources=alertthresholds/finalizers,verbs=update
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=prometheusrules,verbs=get;list;watch;create;patch
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler reconciles AlertThresholds.
type Reconciler struct {
	client client.Client
	// live reads past the cache. The controller's own writes come back as events at once, before the cache may hold
	// them; and whose a rule is must be known for sure before it is written.
	live       client.Reader
	events     events.EventRecorder
	rules      *ruleWatch
	ruleLabels map[string]string
}

// register makes mgr run a Reconciler that puts ruleLabels on every PrometheusRule.
func register(mgr ctrl.Manager, ruleLabels map[string]string) error {
	r := &Reconciler{
		client:     mgr.GetClient(),
		live:       mgr.GetAPIReader(),
		events:     mgr.GetEventRecorder("plimsoll-controller"),
		rules:      &ruleWatch{cache: mgr.GetCache()},
		ruleLabels: ruleLabels,
	}
	c, err := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.AlertThreshold{}, builder.OnlyMetadata, builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		WithOptions(controller.Options{
			MaxConcurrentReconciles: workers,
			SkipNameValidation:      ptr.To(true), // one controller each, but a test may run several managers
		}).
		Build(r)
	if err != nil {
		return fmt.Errorf("build the AlertThreshold controller: %w", err)
	}
	r.rules.controller = c
	return nil
}

// Reconcile makes the PrometheusRule of one AlertThreshold what it should be. Only faults are returned, to be tried
// again; a mistake in the spec is the user's to mend and waits in the status for the next generation.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (result ctrl.Result, err error) {
	var threshold v1alpha1.AlertThreshold
	if err := r.live.Get(ctx, req.NamespacedName, &threshold); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !threshold.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil // its rule goes with it: the garbage collector sees to that
	}
	before := threshold.DeepCopy()
	defer func() { err = errors.Join(err, r.patchStatus(ctx, before, &threshold)) }()
	return r.reconcile(ctx, &threshold)
}

func (r *Reconciler) reconcile(ctx context.Context, t *v1alpha1.AlertThreshold) (ctrl.Result, error) {
	seen := r.gather(ctx, t)
	d := decide(t, seen)
	if d.apply {
		changed, err := r.apply(ctx, t, d.plan.Rule(r.ruleLabels), seen.rule)
		switch {
		case apierrors.IsConflict(err):
			return ctrl.Result{}, err // the rule is not the one that was seen: look again
		case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
			d = d.withoutOperator(t) // the kind itself is gone: applying creates what is merely absent
		case err != nil:
			d = d.failed(t, "written", err)
		case changed:
			r.announceRestored(t)
		}
	}
	d.record(&t.Status, t.Generation)
	return ctrl.Result{RequeueAfter: d.lookAgain}, d.fault
}

// patchStatus writes the status if it has changed, and tells what has changed in events and in the log.
func (r *Reconciler) patchStatus(ctx context.Context, before, after *v1alpha1.AlertThreshold) error {
	if equality.Semantic.DeepEqual(before.Status, after.Status) {
		return nil
	}
	err := r.client.Status().Patch(ctx, after, client.MergeFrom(before), fieldOwner)
	if apierrors.IsNotFound(err) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("patch the status: %w", err)
	}
	r.announce(ctx, before, after)
	return nil
}
