package controller

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/observe"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// eventSource is the reporting controller of events.
const eventSource = "plimsoll-controller"

// recordEvents logs which conditions have changed, and records events for what a person might not expect: what goes wrong,
// and that it is right again. Events about the rest would repeat the status, and double the writes.
func (r *Reconciler) recordEvents(ctx context.Context, before, after *v1alpha1.AlertThreshold) {
	for _, is := range after.Status.Conditions {
		was := meta.FindStatusCondition(before.Status.Conditions, is.Type)
		unchanged := was != nil && was.Status == is.Status && was.Reason == is.Reason && was.Message == is.Message
		if is.Type == v1alpha1.ConditionReady || unchanged { // Ready only repeats the others
			continue
		}
		ctrl.LoggerFrom(ctx).Info("condition changed", "condition", is.Type, "status", is.Status, "reason", is.Reason, "detail", is.Message)
		reason, eventType := is.Reason, corev1.EventTypeNormal
		switch {
		case hasWarning(is):
			reason, eventType = v1alpha1.ReasonSpecWarning, corev1.EventTypeWarning
		case is.Type == v1alpha1.ConditionContested:
			eventType = corev1.EventTypeWarning
		case is.Status == metav1.ConditionTrue && (was == nil || was.Status != metav1.ConditionFalse), is.Status == metav1.ConditionUnknown:
			continue // nothing was wrong, or it is not known yet whether something is
		case is.Status != metav1.ConditionTrue && !isInactive(is):
			eventType = corev1.EventTypeWarning
		}
		r.events.Eventf(after, nil, eventType, reason, "Reconcile", "%s", observe.Truncate(is.Message, observe.MaxText))
	}
}

// hasWarning reports whether the condition accepts a spec with a warning.
func hasWarning(c metav1.Condition) bool {
	return c.Type == v1alpha1.ConditionAccepted && c.Status == metav1.ConditionTrue && c.Message != specValid
}

// recordRestored records that the rule was put back, if the status says that this generation was programmed already.
func (r *Reconciler) recordRestored(t *v1alpha1.AlertThreshold) {
	was := meta.FindStatusCondition(t.Status.Conditions, v1alpha1.ConditionProgrammed)
	if was == nil || was.Reason != v1alpha1.ReasonRuleApplied || was.ObservedGeneration != t.Generation {
		return
	}
	r.events.Eventf(t, nil, corev1.EventTypeNormal, v1alpha1.ReasonRuleRestored, "Reconcile",
		"PrometheusRule %s had been changed or deleted and was put back", rules.Name(t.Name))
}
