package controller

import (
	"context"
	"encoding/json"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// apply does what was planned. A conflict means that the rule is no longer the one that was seen.
func (r *Reconciler) apply(ctx context.Context, t *v1alpha1.AlertThreshold, s seen, a action) error {
	// Remembered before the write is sent, so that its event cannot overtake it.
	r.expectations.update(client.ObjectKeyFromObject(t), func(e *expectation) { e.lastApplied = a.contentHash() })
	if s.err == nil { // the kind exists
		if err := r.ruleWatch.start(); err != nil {
			return err
		}
	}
	switch {
	case a.verb == verbWrite:
		if err := r.writeRule(ctx, t, a.rule, s.rule); err != nil {
			return err
		}
		r.recordRestored(t)
	case a.verb == verbDelete && isOurs(s.rule, t):
		return r.deleteRule(ctx, s.rule)
	case a.verb == verbDelete:
		return r.deleteOrphan(ctx, client.ObjectKeyFromObject(t), s.rule)
	}
	return nil
}

// writeRule writes the rule over existing, which is ours, or nil. It conflicts when that is another one by now, or gone.
func (r *Reconciler) writeRule(ctx context.Context, t *v1alpha1.AlertThreshold, rule *desiredRule, existing *ruleMetadata) error {
	object, spec, operation := rule.object, rule.object.Object["spec"], metric.RuleCreate
	if existing != nil {
		operation = metric.RuleUpdate
		object.SetUID(existing.UID)
		object.SetResourceVersion(existing.ResourceVersion)
	}
	// Forced, because every field of a rule of our own is ours to put back.
	err := r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), FieldOwner, client.ForceOwnership)
	r.metrics.countRuleWrite(operation, err)
	if err != nil {
		return fmt.Errorf("applying the PrometheusRule: %w", err)
	}
	if !equality.Semantic.DeepEqual(object.Object["spec"], spec) {
		err := r.replaceSpec(ctx, object, spec)
		r.metrics.countRuleWrite(metric.RuleUpdate, err)
		if err != nil {
			return err
		}
	}
	r.expectations.update(client.ObjectKeyFromObject(t), func(e *expectation) { e.ruleVersion = object.GetResourceVersion() })
	return nil
}

// replaceSpec removes what others have added to the spec of a rule of ours, such as a further group: applying leaves it.
func (r *Reconciler) replaceSpec(ctx context.Context, object *unstructured.Unstructured, spec any) error {
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/resourceVersion", "value": object.GetResourceVersion()},
		{"op": "replace", "path": "/spec", "value": spec},
	})
	if err != nil {
		return fmt.Errorf("encoding the patch: %w", err)
	}
	if err := r.client.Patch(ctx, object, client.RawPatch(types.JSONPatchType, patch), FieldOwner); err != nil {
		return fmt.Errorf("removing fields that others added: %w", err)
	}
	return nil
}

// deleteRule deletes the rule that was seen. It conflicts when that is another one by now.
func (r *Reconciler) deleteRule(ctx context.Context, rule *ruleMetadata) error {
	err := r.client.Delete(ctx, rule, client.Preconditions{UID: &rule.UID, ResourceVersion: &rule.ResourceVersion})
	if apierrors.IsNotFound(err) {
		return nil
	}
	r.metrics.countRuleWrite(metric.RuleDelete, err)
	if err != nil {
		return fmt.Errorf("deleting the PrometheusRule: %w", err)
	}
	return nil
}

// deleteRuleOf deletes the rule that a deleted threshold has left, if there is one. The garbage collector would do so too, but
// after an outage of the API server only half a minute later, and an alert should end with its threshold.
func (r *Reconciler) deleteRuleOf(ctx context.Context, threshold types.NamespacedName) error {
	rule := &ruleMetadata{}
	err := r.client.Get(ctx, ruleOf(threshold), rule)
	switch {
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		return nil
	case err != nil:
		return fmt.Errorf("reading the PrometheusRule: %w", err)
	case !ownerNamed(rule, threshold.Name) || !rule.DeletionTimestamp.IsZero():
		return nil
	}
	return r.deleteOrphan(ctx, threshold, rule)
}

// deleteOrphan deletes a rule that was made for a threshold of that name, unless the API server still has its owner: the cache
// may lag behind.
func (r *Reconciler) deleteOrphan(ctx context.Context, threshold types.NamespacedName, rule *ruleMetadata) error {
	owner := &v1alpha1.AlertThreshold{}
	err := r.apiReader.Get(ctx, threshold, owner)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading the AlertThreshold: %w", err)
	}
	if err == nil && isOurs(rule, owner) {
		return nil
	}
	return r.deleteRule(ctx, rule)
}
