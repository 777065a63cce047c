//go:build integration

package controller

import (
	"context"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// RuleOf is the rule of a threshold.
var RuleOf = ruleOf

// NewReconciler makes a Reconciler without a manager.
func NewReconciler(c client.Client, reader client.Reader) (*Reconciler, error) {
	m, err := newMetrics(prometheus.NewRegistry(), reader, nil, "")
	return &Reconciler{client: c, apiReader: reader, metrics: m, expectations: newExpectations()}, err
}

// RulesDeleted counts the rules that it has deleted.
func (r *Reconciler) RulesDeleted() float64 {
	return testutil.ToFloat64(r.metrics.ruleWrites.WithLabelValues(metric.RuleDelete, metric.StatusSuccess))
}

// Seen is a rule of that name as it was seen.
func Seen(namespace, name string, uid types.UID, version string) *ruleMetadata {
	rule := &ruleMetadata{}
	rule.Namespace, rule.Name, rule.UID, rule.ResourceVersion = namespace, name, uid, version
	return rule
}

// WriteRule writes the threshold's rule over the one that was seen.
func (r *Reconciler) WriteRule(ctx context.Context, t *v1alpha1.AlertThreshold, existing *ruleMetadata) error {
	plan, errs := rules.Resolve(t)
	if len(errs) > 0 {
		return errs.ToAggregate()
	}
	rule, err := newDesiredRule(t, plan, nil)
	if err != nil {
		return err
	}
	rule.object.SetName(existing.Name)
	return r.writeRule(ctx, t, rule, existing)
}

// DeleteRule deletes the rule that was seen.
func (r *Reconciler) DeleteRule(ctx context.Context, rule *ruleMetadata) error {
	return r.deleteRule(ctx, rule)
}
