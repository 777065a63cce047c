package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AlertThresholdStatus says what the controller made of the spec.
type AlertThresholdStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of.
	//
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions are Accepted (the spec is valid), Programmed (the PrometheusRule is in the cluster) and Ready (both,
	// for the present generation).
	//
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// levels are the lines in force: those of the last accepted spec.
	//
	// +listType=map
	// +listMapKey=severity
	// +optional
	Levels []LevelStatus `json:"levels,omitempty"`

	// threshold is levels in one line, for kubectl get, whose columns can print only one element of a list.
	//
	// +optional
	Threshold string `json:"threshold,omitempty"`

	// rule is the PrometheusRule in force.
	//
	// +optional
	Rule *RuleReference `json:"rule,omitempty"`
}

// LevelStatus is one line in force.
type LevelStatus struct {
	// +required
	Severity string `json:"severity"`
	// threshold is the comparison with the value in its unit, such as "> 2s".
	//
	// +required
	Threshold string `json:"threshold"`
}

// RuleReference names a PrometheusRule in the resource's namespace.
type RuleReference struct {
	// +required
	Name string `json:"name"`
}
