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
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// fieldOwner is the controller's name in managedFields.
const fieldOwner = client.FieldOwner("plimsoll-controller")

// +kubebuilder:rbac:groups=plimsoll.dev,resources=alertthresholds,verbs=get;list;watch
// +kubebuilder:rbac:groups=plimsoll.dev,resources=alertthresholds/status,verbs=patch
// +kubebuilder:rbac:groups=plimsoll.dev,resources=alertthresholds/finalizers,verbs=update
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=prometheusrules,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler reconciles AlertThresholds. It is the one writer of their status: whatever else is known of a threshold is
// kept in memory by whoever finds it out, is read by gather, merged by decide and written down by record.
type Reconciler struct {
	// client reads from caches, live past them: see ownWrites.
	client       client.Client
	apiReader    client.Reader
	expectations *expectations
	events       events.EventRecorder
	metrics      *metrics
	ruleWatch    *ruleWatch
	claims       *claims
	insight      *insight
	ruleLabels   map[string]string
}

// Reconcile makes the PrometheusRule of one AlertThreshold what it should be. Only faults are returned, to be tried
// again; a mistake in the spec is the user's to mend and waits in the status for the next generation.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (result ctrl.Result, err error) {
	defer func() { r.metrics.countReconcile(err) }()
	threshold, err := r.fetchThreshold(ctx, req.NamespacedName)
	switch {
	case err != nil:
		return ctrl.Result{}, err
	case threshold == nil:
		return ctrl.Result{}, r.deleteRuleOf(ctx, req.NamespacedName)
	case !threshold.DeletionTimestamp.IsZero():
		return ctrl.Result{}, nil
	}
	claim, err := r.claims.of(ctx, threshold)
	switch {
	case err != nil:
		return ctrl.Result{}, err
	case claim.owner != "":
		r.forgetThreshold(req.NamespacedName) // it is another controller's; should that go, the threshold is reconciled again
		return ctrl.Result{}, nil
	case claim.wait > 0:
		return ctrl.Result{RequeueAfter: claim.wait}, nil
	}
	before := threshold.DeepCopy()
	defer func() { err = errors.Join(err, r.patchStatus(ctx, before, threshold)) }()
	claim.record(threshold)
	return r.reconcile(ctx, threshold)
}

// forget drops what is remembered of a threshold that is gone, or another controller's.
func (r *Reconciler) forgetThreshold(key types.NamespacedName) {
	r.expectations.delete(key)
	r.insight.forget(key)
}

func (r *Reconciler) reconcile(ctx context.Context, t *v1alpha1.AlertThreshold) (ctrl.Result, error) {
	seen := r.gather(ctx, t)
	d := decide(t, seen, r.ruleLabels)
	r.expectations.update(client.ObjectKeyFromObject(t), func(own *expectation) { own.lastApplied = d.mark() })
	if d.programmed.Reason == v1alpha1.ReasonRuleTooLarge {
		r.metrics.tooLarge.Inc()
	}
	d, err := r.carryOut(ctx, t, seen, d)
	if err != nil {
		return ctrl.Result{}, err
	}
	d.known = r.insight.look(t, d)
	d.record(&t.Status, t.Generation)
	return ctrl.Result{RequeueAfter: d.lookAgain}, d.fault
}

// carryOut does what was decided, and returns what then holds. The error is a conflict: the rule is not the one that was
// seen, and has to be looked at again.
func (r *Reconciler) carryOut(ctx context.Context, t *v1alpha1.AlertThreshold, seen observed, d decision) (decision, error) {
	var verb string
	var err error
	switch {
	case d.write:
		verb, err = "written", r.writeRule(ctx, t, d.want, seen.rule)
	case d.remove && isOurs(seen.rule, t):
		verb, err = "removed", r.deleteRule(ctx, seen.rule)
	case d.remove:
		verb, err = "removed", r.deleteOrphan(ctx, client.ObjectKeyFromObject(t), seen.rule)
	default:
		return d, nil
	}
	switch {
	case err == nil && d.write:
		r.recordRestored(t)
		return d, nil
	case err == nil:
		return d, nil
	case apierrors.IsConflict(err):
		return d, err
	case meta.IsNoMatchError(err), apierrors.IsNotFound(err):
		return d.withoutOperator(t), nil // the kind itself is gone: applying creates what is merely absent
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsRequestEntityTooLargeError(err):
		return d.refused(t, err), nil
	default:
		return d.failed(t, verb, err), nil
	}
}

// patchStatus writes the status if it has changed, and tells what has changed in events and in the log.
func (r *Reconciler) patchStatus(ctx context.Context, before, after *v1alpha1.AlertThreshold) error {
	if equality.Semantic.DeepEqual(before.Status, after.Status) {
		return nil
	}
	// A merge patch replaces the whole list of conditions: only what was read may be written over.
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	err := r.client.Status().Patch(ctx, after, patch, fieldOwner)
	if apierrors.IsNotFound(err) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("patching the status: %w", err)
	}
	r.expectations.update(client.ObjectKeyFromObject(after), func(own *expectation) { own.status = after.ResourceVersion })
	r.recordEvents(ctx, before, after)
	return nil
}
