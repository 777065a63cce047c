// Package controller keeps one PrometheusRule for every AlertThreshold: it fetches what is in the cluster, plans an action,
// applies it, and concludes what the status says.
package controller

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/controller/claims"
	"github.com/plimsoll-dev/plimsoll/internal/controller/prometheus"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// +kubebuilder:rbac:groups=plimsoll.dev,resources=alertthresholds,verbs=get;list;watch
// +kubebuilder:rbac:groups=plimsoll.dev,resources=alertthresholds/status,verbs=patch
// +kubebuilder:rbac:groups=plimsoll.dev,resources=alertthresholds/finalizers,verbs=update
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=prometheusrules,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// FieldOwner is the controller's name in managedFields.
const FieldOwner = client.FieldOwner("plimsoll-controller")

// Reconciler reconciles AlertThresholds. It is the only writer of their status.
type Reconciler struct {
	// client reads from caches, apiReader from the API server: see expectations.
	client       client.Client
	apiReader    client.Reader
	expectations *expectations
	events       events.EventRecorder
	metrics      *metrics
	ruleWatch    *ruleWatch
	claims       *claims.Claims
	// tracker knows what Prometheus says; nil without one to ask.
	tracker    *prometheus.Tracker
	ruleLabels map[string]string
	rules      rules.Options
}

// Reconcile brings the PrometheusRule of one AlertThreshold to what its spec says. Only what is worth a retry is returned; a
// mistake in the spec waits in the status for the next generation.
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
	claim, err := r.claims.Of(ctx, threshold)
	switch {
	case err != nil:
		return ctrl.Result{}, err
	case claim.Owner != "":
		r.deleteState(req.NamespacedName) // should that controller go, the threshold is reconciled again
		return ctrl.Result{}, nil
	case claim.Wait > 0:
		return ctrl.Result{RequeueAfter: claim.Wait}, nil
	}
	return r.reconcile(ctx, threshold, claim)
}

// deleteState drops what is remembered of a threshold that is gone, or another controller's.
func (r *Reconciler) deleteState(key types.NamespacedName) {
	r.expectations.delete(key)
	if r.tracker != nil {
		r.tracker.Delete(key)
	}
}

func (r *Reconciler) reconcile(ctx context.Context, t *v1alpha1.AlertThreshold, claim claims.Claim) (ctrl.Result, error) {
	seen := r.fetch(ctx, t)
	action := plan(t, seen, r.ruleLabels, r.rules)
	err := r.apply(ctx, t, seen, action)
	if apierrors.IsConflict(err) {
		return ctrl.Result{}, err // the rule is not the one that was seen
	}
	c := conclude(t, seen, action, err)
	if c.programmed.Reason == v1alpha1.ReasonRuleTooLarge {
		r.metrics.tooLarge.Inc()
	}
	before := t.DeepCopy()
	setStatus(t, claim, c, r.prometheusState(t, c))
	return ctrl.Result{RequeueAfter: c.requeueAfter}, errors.Join(c.err, r.patchStatus(ctx, before, t))
}

// prometheusState returns what Prometheus says of the levels in force; nil when it can say nothing.
func (r *Reconciler) prometheusState(t *v1alpha1.AlertThreshold, c conclusion) *prometheus.State {
	switch {
	case r.tracker == nil:
		return nil
	case c.inForce != nil:
		state := r.tracker.Track(t, c.inForce)
		return &state
	case c.keepsLevels:
		state := r.tracker.Last(t, c.programmed.ObservedGeneration)
		return &state
	default:
		r.tracker.Delete(client.ObjectKeyFromObject(t))
		return nil
	}
}

// patchStatus writes the status if it has changed, and records what has changed.
func (r *Reconciler) patchStatus(ctx context.Context, before, after *v1alpha1.AlertThreshold) error {
	if equality.Semantic.DeepEqual(before.Status, after.Status) {
		return nil
	}
	// A merge patch replaces the whole list of conditions: only what was read may be overwritten.
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	err := r.client.Status().Patch(ctx, after, patch, FieldOwner)
	if apierrors.IsNotFound(err) {
		return nil // deleted meanwhile
	}
	if err != nil {
		return fmt.Errorf("patching the status: %w", err)
	}
	r.expectations.update(client.ObjectKeyFromObject(after), func(e *expectation) { e.statusVersion = after.ResourceVersion })
	r.recordEvents(ctx, before, after)
	return nil
}
