package controller

import (
	"context"
	"fmt"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

var ruleKind = monitoringv1.SchemeGroupVersion.WithKind(monitoringv1.PrometheusRuleKind)

// observed is what the cluster holds for one threshold.
type observed struct {
	// operatorMissing: the API server does not know PrometheusRules.
	operatorMissing bool
	// rule is the metadata of the PrometheusRule by the threshold's rule name, whoever owns it; nil when there is none.
	rule *metav1.PartialObjectMetadata
	// fault is why it could not be found out.
	fault error
}

// gather does all reading. It also sees to it that rules are watched from now on, so that no later change is missed.
func (r *Reconciler) gather(ctx context.Context, t *v1alpha1.AlertThreshold) observed {
	rule := newRuleMetadata()
	err := r.live.Get(ctx, types.NamespacedName{Namespace: t.Namespace, Name: rules.Name(t.Name)}, rule)
	switch {
	case meta.IsNoMatchError(err):
		return observed{operatorMissing: true}
	case apierrors.IsNotFound(err):
		rule = nil
	case err != nil:
		return observed{fault: fmt.Errorf("read the PrometheusRule: %w", err)}
	}
	return observed{rule: rule, fault: r.rules.ensure()}
}

// newRuleMetadata is an empty PrometheusRule of which only the metadata is read, watched and cached: rules are large.
func newRuleMetadata() *metav1.PartialObjectMetadata {
	rule := &metav1.PartialObjectMetadata{}
	rule.SetGroupVersionKind(ruleKind)
	return rule
}
