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

// apply writes the rule. existing is the rule as it was seen, ours, or nil; if it is another one by now, or gone, the
// error is the API server's conflict.
func (r *Reconciler) writeRule(ctx context.Context, t *v1alpha1.AlertThreshold, want *desiredRule, existing *ruleMetadata) error {
	object, spec, operation := want.object, want.object.Object["spec"], metric.RuleCreate
	if existing != nil { // write over what was seen, or not at all
		operation = metric.RuleUpdate
		object.SetUID(existing.UID)
		object.SetResourceVersion(existing.ResourceVersion)
	}
	// Forced, because every field of a rule of our own is ours to put back.
	err := r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), fieldOwner, client.ForceOwnership)
	r.metrics.countRuleWrite(operation, err)
	if err != nil {
		return fmt.Errorf("apply: %w", err)
	}
	if !equality.Semantic.DeepEqual(object.Object["spec"], spec) {
		err := r.replaceSpec(ctx, object, spec)
		r.metrics.countRuleWrite(metric.RuleUpdate, err)
		if err != nil {
			return err
		}
	}
	r.expectations.update(client.ObjectKeyFromObject(t), func(own *expectation) { own.rule = object.GetResourceVersion() })
	return nil
}

// removeSurplus takes out of a rule of ours what somebody else has added to its spec, such as a further group, which
// applying leaves in place.
func (r *Reconciler) replaceSpec(ctx context.Context, object *unstructured.Unstructured, spec any) error {
	patch, err := json.Marshal([]map[string]any{
		{"op": "test", "path": "/metadata/resourceVersion", "value": object.GetResourceVersion()},
		{"op": "replace", "path": "/spec", "value": spec},
	})
	if err != nil {
		return fmt.Errorf("write the patch: %w", err)
	}
	if err := r.client.Patch(ctx, object, client.RawPatch(types.JSONPatchType, patch), fieldOwner); err != nil {
		return fmt.Errorf("remove what was added: %w", err)
	}
	return nil
}

// remove deletes the rule as it was seen, ours; if it is another one by now, the error is the API server's conflict.
func (r *Reconciler) deleteRule(ctx context.Context, rule *ruleMetadata) error {
	err := r.client.Delete(ctx, rule, client.Preconditions{UID: &rule.UID, ResourceVersion: &rule.ResourceVersion})
	if apierrors.IsNotFound(err) {
		return nil // somebody else was quicker
	}
	r.metrics.countRuleWrite(metric.RuleDelete, err)
	if err != nil {
		return fmt.Errorf("delete: %w", err)
	}
	return nil
}

// removeRest deletes the rule that a deleted threshold has left, if there is one. Its owner reference has the garbage
// collector do that too; but an alert is to end when somebody deletes its threshold, and the garbage collector may take
// half a minute after an outage of the API server.
func (r *Reconciler) deleteRuleOf(ctx context.Context, threshold types.NamespacedName) error {
	rule := &ruleMetadata{}
	err := r.client.Get(ctx, ruleOf(threshold), rule)
	switch {
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
		return nil
	case err != nil:
		return fmt.Errorf("read the PrometheusRule: %w", err)
	case !ownerNamed(rule, threshold.Name) || !rule.DeletionTimestamp.IsZero():
		return nil
	}
	return r.deleteOrphan(ctx, threshold, rule)
}

// removeOrphan deletes a rule that was made for a threshold of that name, unless its owner is there after all: the
// controller's cache may lag behind.
func (r *Reconciler) deleteOrphan(ctx context.Context, threshold types.NamespacedName, rule *ruleMetadata) error {
	owner := &v1alpha1.AlertThreshold{}
	err := r.apiReader.Get(ctx, threshold, owner)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("read the AlertThreshold: %w", err)
	}
	if err == nil && isOurs(rule, owner) {
		return nil
	}
	return r.deleteRule(ctx, rule)
}
