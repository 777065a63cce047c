// Package v1alpha1 is version v1alpha1 of the API group plimsoll.dev: the AlertThreshold resource, its conditions and
// their reasons. It holds types only, no logic beyond reading a value as it was written.
//
// +kubebuilder:object:generate=true
// +groupName=plimsoll.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Kind is the kind of the one resource of this group.
const Kind = "AlertThreshold"

// GroupVersion is the group and version of this package's types.
var GroupVersion = schema.GroupVersion{Group: "plimsoll.dev", Version: "v1alpha1"}

// AddToScheme registers this package's types with s. The error is always nil; it is there for runtime.SchemeBuilder.
func AddToScheme(s *runtime.Scheme) error {
	s.AddKnownTypes(GroupVersion, &AlertThreshold{}, &AlertThresholdList{})
	metav1.AddToGroupVersion(s, GroupVersion)
	return nil
}
