package controller

import (
	"context"
	"fmt"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// seen is the state of the cluster that a plan for one threshold rests on, besides the threshold itself.
type seen struct {
	// rule is the PrometheusRule by the threshold's rule name, also one of another owner; nil when there is none.
	rule *ruleMetadata
	// overrides are the names of the thresholds that take the place of this one, a default, in order.
	overrides []string
	// err is why something could not be read; a NoMatch error when the API server does not know PrometheusRules.
	err error
}

// fetchThreshold reads a threshold; nil when there is none. It may be older than the cluster's, but not than our own writes.
func (r *Reconciler) fetchThreshold(ctx context.Context, key types.NamespacedName) (*v1alpha1.AlertThreshold, error) {
	t := &v1alpha1.AlertThreshold{}
	err := r.client.Get(ctx, key, t)
	if err == nil && predates(t.ResourceVersion, r.expectations.get(key).statusVersion) {
		t = &v1alpha1.AlertThreshold{}
		err = r.apiReader.Get(ctx, key, t)
	}
	if apierrors.IsNotFound(err) {
		r.deleteState(key)
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the AlertThreshold: %w", err)
	}
	return t, nil
}

// fetch does all other reading.
func (r *Reconciler) fetch(ctx context.Context, t *v1alpha1.AlertThreshold) (s seen) {
	if s.overrides, s.err = r.fetchOverrides(ctx, t); s.err != nil {
		return s
	}
	if s.rule, s.err = r.fetchRule(ctx, t); s.err != nil {
		s.err = fmt.Errorf("reading the PrometheusRule: %w", s.err)
	}
	return s
}

// fetchRule reads the threshold's PrometheusRule; nil when there is none, which is always the API server's own answer.
func (r *Reconciler) fetchRule(ctx context.Context, t *v1alpha1.AlertThreshold) (*ruleMetadata, error) {
	threshold := client.ObjectKeyFromObject(t)
	rule := &ruleMetadata{}
	err := r.client.Get(ctx, ruleOf(threshold), rule)
	if apierrors.IsNotFound(err) || err == nil && predates(rule.ResourceVersion, r.expectations.get(threshold).ruleVersion) {
		rule = &ruleMetadata{}
		err = r.apiReader.Get(ctx, ruleOf(threshold), rule)
	}
	if err != nil {
		return nil, client.IgnoreNotFound(err)
	}
	return rule, nil
}

// fetchOverrides returns the names of the thresholds that take the place of t, in order; none when t is not a default.
func (r *Reconciler) fetchOverrides(ctx context.Context, t *v1alpha1.AlertThreshold) ([]string, error) {
	if !isDefault(t) {
		return nil, nil
	}
	overrides, err := r.sameAlert(ctx, t, false)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range overrides {
		if r.isEffectiveOverride(&overrides[i]) {
			names = append(names, overrides[i].Name)
		}
	}
	slices.Sort(names)
	return names, nil
}
