package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// apply writes the rule, owned by the threshold, and reports whether that changed anything. existing is the rule as it
// was seen, ours, or nil; if it is another one by now, or gone, the error is the API server's conflict.
func (r *Reconciler) apply(ctx context.Context, t *v1alpha1.AlertThreshold, rule *monitoringv1.PrometheusRule, existing *metav1.PartialObjectMetadata) (bool, error) {
	object, err := applyConfiguration(t, rule, existing)
	if err != nil {
		return false, err
	}
	want := object.Object["spec"]
	// Forced, because every field of a rule of our own is ours to put back.
	if err := r.client.Apply(ctx, client.ApplyConfigurationFromUnstructured(object), fieldOwner, client.ForceOwnership); err != nil {
		return false, fmt.Errorf("apply: %w", err)
	}
	if !equality.Semantic.DeepEqual(object.Object["spec"], want) {
		return true, r.removeSurplus(ctx, object, want)
	}
	return existing == nil || existing.ResourceVersion != object.GetResourceVersion(), nil
}

// applyConfiguration holds the fields that the controller answers for, and no others: an object made from the Go type
// would lay claim to its zero values too.
func applyConfiguration(t *v1alpha1.AlertThreshold, rule *monitoringv1.PrometheusRule, existing *metav1.PartialObjectMetadata) (*unstructured.Unstructured, error) {
	spec, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&rule.Spec)
	if err != nil {
		return nil, fmt.Errorf("convert the rule: %w", err)
	}
	object := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	object.SetGroupVersionKind(ruleKind)
	object.SetNamespace(rule.Namespace)
	object.SetName(rule.Name)
	object.SetLabels(rule.Labels)
	object.SetAnnotations(map[string]string{v1alpha1.GenerationAnnotation: strconv.FormatInt(t.Generation, 10)})
	object.SetOwnerReferences([]metav1.OwnerReference{*metav1.NewControllerRef(t, thresholdKind)})
	if existing != nil { // write over what was seen, or not at all
		object.SetUID(existing.UID)
		object.SetResourceVersion(existing.ResourceVersion)
	}
	return object, nil
}

// removeSurplus takes out of a rule of ours what somebody else has added to its spec, such as a further group, which
// applying leaves in place.
func (r *Reconciler) removeSurplus(ctx context.Context, object *unstructured.Unstructured, spec any) error {
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
