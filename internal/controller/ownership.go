package controller

import (
	"fmt"
	"strconv"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

var thresholdKind = v1alpha1.GroupVersion.WithKind(v1alpha1.Kind)

// isOurs reports whether this very threshold is the rule's controller.
func isOurs(rule *ruleMetadata, t *v1alpha1.AlertThreshold) bool {
	return metav1.IsControlledBy(rule, t)
}

// ownerNamed reports whether the rule was made for a threshold of that name, which may be deleted by now.
func ownerNamed(rule *ruleMetadata, name string) bool {
	owner := metav1.GetControllerOf(rule)
	return owner != nil && owner.Name == name &&
		schema.FromAPIVersionAndKind(owner.APIVersion, owner.Kind).GroupKind() == thresholdKind.GroupKind()
}

// isTerminating reports whether the rule is being deleted, or was left by a deleted threshold of the same name.
func isTerminating(rule *ruleMetadata, t *v1alpha1.AlertThreshold) bool {
	if isOurs(rule, t) {
		return !rule.DeletionTimestamp.IsZero()
	}
	return ownerNamed(rule, t.Name)
}

// describeOwner says whose the rule is, as the middle of a sentence.
func describeOwner(rule *ruleMetadata) string {
	owner := metav1.GetControllerOf(rule)
	if owner == nil {
		return "was not made by Plimsoll"
	}
	return fmt.Sprintf("belongs to %s %s", owner.Kind, owner.Name)
}

// sourceGeneration is the generation of the threshold that the rule was made from; 0 when the annotation was removed.
func sourceGeneration(rule *ruleMetadata) int64 {
	generation, err := strconv.ParseInt(rule.Annotations[v1alpha1.GenerationAnnotation], 10, 64)
	if err != nil {
		return 0
	}
	return generation
}
