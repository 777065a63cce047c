package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AlertThresholdStatus says what the controller made of the spec.
type AlertThresholdStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of.
	//
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// controller is the controller that answers for the threshold, as NAMESPACE/NAME of the Lease that its replicas share.
	// Others that watch the namespace too leave the threshold and its rule alone.
	//
	// +optional
	Controller string `json:"controller,omitempty"`

	// conditions are Accepted (the spec is valid), Programmed (the PrometheusRule is in the cluster), Ready (both hold for
	// the present generation), Loaded (Prometheus has that rule and evaluates it; only where the controller can ask
	// Prometheus) and Contested (another controller watches the namespace too; only while one does).
	//
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// state is the worst state of the levels, or why there is none.
	//
	// +optional
	State State `json:"state,omitempty"`

	// current is the value now, in its unit, of the series that is nearest to a line or furthest beyond it.
	//
	// +optional
	Current string `json:"current,omitempty"`

	// currentLabels are the labels of the series that current is of; empty when there is only one.
	//
	// +optional
	CurrentLabels map[string]string `json:"currentLabels,omitempty"`

	// headroom is the distance from current to the nearest line, as a percentage of the line; negative beyond it.
	//
	// +optional
	Headroom string `json:"headroom,omitempty"`

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

	// backtest says what the lines would have done over a past window.
	//
	// +optional
	Backtest *Backtest `json:"backtest,omitempty"`

	// recommendations are, for each level for which the past tells enough, the tightest line that would have fired at
	// most once a week. They are never applied by themselves.
	//
	// +listType=map
	// +listMapKey=severity
	// +optional
	Recommendations []Recommendation `json:"recommendations,omitempty"`

	// rule is the PrometheusRule in force.
	//
	// +optional
	Rule *RuleReference `json:"rule,omitempty"`
}

// State is where a threshold or one of its levels stands.
//
// +kubebuilder:validation:Enum=Inactive;Pending;Firing;NoData;Unknown;Superseded;Off
type State string

const (
	// StateInactive: the value is on the good side of the line.
	StateInactive State = "Inactive"
	// StatePending: the value is beyond the line, but not yet for long enough.
	StatePending State = "Pending"
	// StateFiring: the alert fires; in mode Shadow, it would.
	StateFiring State = "Firing"
	// StateNoData: Prometheus evaluates the rule and finds no value.
	StateNoData State = "NoData"
	// StateUnknown: Prometheus has not been asked, does not answer, or has not loaded the rule.
	StateUnknown State = "Unknown"
	// StateSuperseded: another threshold of the namespace has taken the place of this default.
	StateSuperseded State = "Superseded"
	// StateOff: mode is Off, so there is no rule.
	StateOff State = "Off"
)

// LevelStatus is one line in force.
type LevelStatus struct {
	// +required
	Severity string `json:"severity"`
	// threshold is the comparison with the value in its unit, such as "> 2s".
	//
	// +required
	Threshold string `json:"threshold"`
	// state is where the level stands.
	//
	// +optional
	State State `json:"state,omitempty"`
	// activeSince is when the value of the longest-standing series crossed the line; absent while none is beyond it.
	//
	// +optional
	ActiveSince *metav1.Time `json:"activeSince,omitempty"`
}

// Backtest is what the lines would have done over a past window, for and keepFiringFor included.
type Backtest struct {
	// window is the time looked back over, such as 7d.
	//
	// +required
	Window string `json:"window"`
	// coverage is the part of the window in which the signal had a value, such as 98%.
	//
	// +required
	Coverage string `json:"coverage"`
	// evaluatedAt is the end of the window.
	//
	// +required
	EvaluatedAt metav1.Time `json:"evaluatedAt"`
	// generation is the generation of the spec that was backtested.
	//
	// +required
	Generation int64 `json:"generation"`
	// fires is the levels' fires in one line, for kubectl get, such as "warning 3, critical 0".
	//
	// +required
	Fires string `json:"fires"`
	// levels are the levels, one by one.
	//
	// +listType=map
	// +listMapKey=severity
	// +optional
	Levels []BacktestLevel `json:"levels,omitempty"`
}

// BacktestLevel is what one line would have done.
type BacktestLevel struct {
	// +required
	Severity string `json:"severity"`
	// fires is how often the alert would have begun to fire, over all series.
	//
	// +required
	Fires int64 `json:"fires"`
	// firing is for how long an alert would have fired, in all, such as 42m; times in which several series fire count once.
	//
	// +required
	Firing string `json:"firing"`
	// longest is the longest that an alert would have fired without a break, such as 20m.
	//
	// +optional
	Longest string `json:"longest,omitempty"`
	// lastFired is when an alert would last have begun to fire.
	//
	// +optional
	LastFired *metav1.Time `json:"lastFired,omitempty"`
	// worstLabels are the labels of the series that would have fired most.
	//
	// +optional
	WorstLabels map[string]string `json:"worstLabels,omitempty"`
}

// Recommendation is a line that would have been quiet enough. Exactly one of above and below is set.
type Recommendation struct {
	// severity is the level that it is for.
	//
	// +required
	Severity string `json:"severity"`
	// above is the line, in the signal's unit, such as 3.1s.
	//
	// +optional
	Above string `json:"above,omitempty"`
	// below is the line, in the signal's unit.
	//
	// +optional
	Below string `json:"below,omitempty"`
	// because says what the line rests on, such as "fires at most once a week over 7d (98% covered)".
	//
	// +required
	Because string `json:"because"`
}

// RuleReference names a PrometheusRule in the resource's namespace.
type RuleReference struct {
	// +required
	Name string `json:"name"`
}
