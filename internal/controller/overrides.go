package controller

import (
	"context"
	"fmt"
	"strconv"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// alertField is the index of the cache by alert, for defaults and for overrides, which are all others.
const alertField = "plimsoll.dev/alert"

func isDefault(t client.Object) bool { return t.GetLabels()[v1alpha1.DefaultLabel] == "true" }

func alertKey(alert string, isDefault bool) string {
	return strconv.FormatBool(isDefault) + "/" + alert
}

// indexAlert is the threshold's value in the index alertField.
func indexAlert(object client.Object) []string {
	return []string{alertKey(object.(*v1alpha1.AlertThreshold).Spec.Alert, isDefault(object))}
}

// isEffectiveOverride reports whether the override replaces the default: it has a rule, will get one, or is Off. A mistake in
// a new override must not leave its alert without a rule.
func (r *Reconciler) isEffectiveOverride(o *v1alpha1.AlertThreshold) bool {
	switch {
	case !o.DeletionTimestamp.IsZero():
		return false
	case o.Status.Rule != nil, o.Spec.Mode == v1alpha1.ModeOff:
		return true
	default:
		_, errs := r.rules.Resolve(o)
		return len(errs) == 0
	}
}

// sameAlert returns the defaults or the overrides with t's alert in t's namespace. They are the cache's own: read only.
func (r *Reconciler) sameAlert(ctx context.Context, t *v1alpha1.AlertThreshold, isDefault bool) ([]v1alpha1.AlertThreshold, error) {
	var list v1alpha1.AlertThresholdList
	err := r.client.List(ctx, &list, client.InNamespace(t.Namespace), client.UnsafeDisableDeepCopy,
		client.MatchingFields{alertField: alertKey(t.Spec.Alert, isDefault)})
	if err != nil {
		return nil, fmt.Errorf("listing the AlertThresholds of alert %s: %w", t.Spec.Alert, err)
	}
	return list.Items, nil
}

// overriddenDefaults maps an override to the defaults that it replaces, or replaced before it was changed.
func (r *Reconciler) overriddenDefaults(ctx context.Context, object client.Object) []reconcile.Request {
	t, ok := object.(*v1alpha1.AlertThreshold)
	if !ok || isDefault(t) {
		return nil
	}
	defaults, err := r.sameAlert(ctx, t, true)
	if err != nil {
		return nil // the manager is stopping: a cache that has just sent an event does not fail otherwise
	}
	requests := make([]reconcile.Request, len(defaults))
	for i := range defaults {
		requests[i].NamespacedName = client.ObjectKeyFromObject(&defaults[i])
	}
	return requests
}
