package controller

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// desiredRule is the PrometheusRule that a threshold should have.
type desiredRule struct {
	// object holds the fields that the controller answers for, and no others: one made from the Go type would claim its zero
	// values too.
	object *unstructured.Unstructured
	// labelNames are the labels that count, sorted, and contentHash is that of the rule as it should be.
	labelNames  []string
	contentHash ruleHash
}

// newDesiredRule makes the plan's rule, owned by t, with ruleLabels.
func newDesiredRule(t *v1alpha1.AlertThreshold, plan *rules.Plan, ruleLabels map[string]string) (*desiredRule, error) {
	rule := plan.Rule(ruleLabels)
	spec, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&rule.Spec)
	if err != nil {
		return nil, fmt.Errorf("converting the rule: %w", err)
	}
	text, err := json.Marshal(spec)
	if err != nil {
		return nil, fmt.Errorf("encoding the rule: %w", err)
	}
	metadata := &ruleMetadata{}
	if err := metadata.SpecHash.UnmarshalJSON(text); err != nil {
		return nil, fmt.Errorf("hashing the rule: %w", err)
	}
	metadata.Labels = rule.Labels
	// With their names, a label that is no longer on the command line makes a difference and goes from the rule too.
	names := slices.Sorted(maps.Keys(rule.Labels))
	metadata.Annotations = map[string]string{
		v1alpha1.GenerationAnnotation: strconv.FormatInt(t.Generation, 10),
		v1alpha1.RuleLabelsAnnotation: strings.Join(names, ","),
	}
	if plan.Value.IsUnconfined {
		metadata.Annotations[v1alpha1.UnconfinedAnnotation] = "true"
	}
	metadata.OwnerReferences = []metav1.OwnerReference{*metav1.NewControllerRef(t, thresholdKind)}

	object := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	object.SetGroupVersionKind(ruleKind)
	object.SetNamespace(rule.Namespace)
	object.SetName(rule.Name)
	object.SetLabels(metadata.Labels)
	object.SetAnnotations(metadata.Annotations)
	object.SetOwnerReferences(metadata.OwnerReferences)
	return &desiredRule{object: object, labelNames: names, contentHash: metadata.contentHash(names)}, nil
}
