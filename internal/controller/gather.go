package controller

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// observed is all that a decision about one threshold rests on, besides the threshold itself.
type observed struct {
	// operatorMissing: the API server does not know PrometheusRules.
	operatorMissing bool
	// rule is the PrometheusRule by the threshold's rule name, whoever owns it; nil when there is none.
	rule *ruleMetadata
	// superseders are the names of the thresholds that take the place of this one, a default, in order.
	superseders []string
	// fault is why something could not be found out.
	fault error
}

// threshold reads a threshold; nil when there is none. It may be older than the cluster's, but not than our own writes.
func (r *Reconciler) fetchThreshold(ctx context.Context, key types.NamespacedName) (*v1alpha1.AlertThreshold, error) {
	t := &v1alpha1.AlertThreshold{}
	err := r.client.Get(ctx, key, t)
	if err == nil && predates(t.ResourceVersion, r.expectations.get(key).status) {
		t = &v1alpha1.AlertThreshold{}
		err = r.apiReader.Get(ctx, key, t)
	}
	if apierrors.IsNotFound(err) {
		r.forgetThreshold(key)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the AlertThreshold: %w", err)
	}
	return t, nil
}

// gather does all other reading. It also sees to it that rules are watched from now on, so that no later change is missed.
func (r *Reconciler) gather(ctx context.Context, t *v1alpha1.AlertThreshold) observed {
	superseders, err := r.fetchOverrides(ctx, t)
	if err != nil {
		return observed{fault: err}
	}
	rule, err := r.fetchRule(ctx, t)
	switch {
	case meta.IsNoMatchError(err):
		return observed{operatorMissing: true, superseders: superseders}
	case err != nil:
		return observed{fault: fmt.Errorf("read the PrometheusRule: %w", err)}
	}
	return observed{rule: rule, superseders: superseders, fault: r.ruleWatch.start()}
}

// rule reads the threshold's PrometheusRule; nil when there is none, which is always known from the API server itself.
func (r *Reconciler) fetchRule(ctx context.Context, t *v1alpha1.AlertThreshold) (*ruleMetadata, error) {
	key := ruleOf(client.ObjectKeyFromObject(t))
	rule := &ruleMetadata{}
	err := r.client.Get(ctx, key, rule)
	if apierrors.IsNotFound(err) || err == nil && predates(rule.ResourceVersion, r.expectations.get(client.ObjectKeyFromObject(t)).rule) {
		rule = &ruleMetadata{}
		err = r.apiReader.Get(ctx, key, rule)
	}
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	return rule, err
}

// superseders are the names of the thresholds that take the place of t, in order; none when t is not a default.
func (r *Reconciler) fetchOverrides(ctx context.Context, t *v1alpha1.AlertThreshold) ([]string, error) {
	if !isDefault(t) {
		return nil, nil
	}
	overrides, err := r.sameAlert(ctx, t, overrideRole)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range overrides {
		if isEffectiveOverride(&overrides[i]) {
			names = append(names, overrides[i].Name)
		}
	}
	slices.Sort(names)
	return names, nil
}
