package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AlertThresholdStatus is what became of the spec.
type AlertThresholdStatus struct {
	// observedGeneration is that of the conditions.
	//
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// controller is the one that answers for the threshold, as NAMESPACE/NAME of its Lease.
	// Others that watch the namespace too leave the threshold and its rule alone.
	//
	// +optional
	Controller string `json:"controller,omitempty"`

	// conditions are Accepted, Programmed, Ready, Loaded, Measurable, Contested.
	// Loaded is there only with a Prometheus to ask, and Contested only while another controller watches the namespace.
	//
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// state is the worst of the levels.
	//
	// +optional
	State State `json:"state,omitempty"`

	// current is the value nearest to a level, or furthest beyond.
	//
	// +optional
	Current string `json:"current,omitempty"`

	// currentLabels are those of current's series.
	//
	// +optional
	CurrentLabels map[string]string `json:"currentLabels,omitempty"`

	// headroom is the distance to the nearest level, as a percentage of it.
	//
	// +optional
	Headroom string `json:"headroom,omitempty"`

	// levels are those in force.
	//
	// +listType=map
	// +listMapKey=severity
	// +optional
	Levels []LevelStatus `json:"levels,omitempty"`

	// threshold is levels as one text.
	//
	// +optional
	Threshold string `json:"threshold,omitempty"`

	// backtest says what the levels would have done.
	//
	// +optional
	Backtest *Backtest `json:"backtest,omitempty"`

	// recommendations are the tightest levels that fire at most once a week.
	//
	// +listType=map
	// +listMapKey=severity
	// +optional
	Recommendations []Recommendation `json:"recommendations,omitempty"`

	// +optional
	Rule *RuleReference `json:"rule,omitempty"`
}

// State is that of a threshold or a level.
//
// +kubebuilder:validation:Enum=Inactive;Pending;Firing;NoData;Unknown;Superseded;Off
type State string

const (
	// StateInactive: the level is not crossed.
	StateInactive State = "Inactive"
	// StatePending: the level is crossed, but not yet for long enough.
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

// LevelStatus is one level in force.
type LevelStatus struct {
	// +required
	Severity string `json:"severity"`
	// threshold is the comparison, such as "> 2s".
	//
	// +required
	Threshold string `json:"threshold"`
	// state is the worst of its series.
	//
	// +optional
	State State `json:"state,omitempty"`
	// activeSince is since when the level is crossed.
	//
	// +optional
	ActiveSince *metav1.Time `json:"activeSince,omitempty"`
}

// Backtest is what the levels would have done over a past window.
type Backtest struct {
	// ---
	// window is its length, such as 7d.
	//
	// +required
	Window string `json:"window"`
	// ---
	// coverage is the share of it with a value, such as 98%.
	//
	// +required
	Coverage string `json:"coverage"`
	// ---
	// evaluatedAt is its end.
	//
	// +required
	EvaluatedAt metav1.Time `json:"evaluatedAt"`
	// ---
	// generation is that of the spec.
	//
	// +required
	Generation int64 `json:"generation"`
	// ---
	// fires are those of levels, as one text.
	//
	// +required
	Fires string `json:"fires"`
	// +listType=map
	// +listMapKey=severity
	// +optional
	Levels []BacktestLevel `json:"levels,omitempty"`
	// ---
	// notes say what is to be known of the counts: evaluations that fail, and why there is no value.
	//
	// +listType=atomic
	// +optional
	Notes []string `json:"notes,omitempty"`
}

// ---
// BacktestLevel is one level.
type BacktestLevel struct {
	// +required
	Severity string `json:"severity"`
	// ---
	// fires is how often it would have begun to fire.
	//
	// +required
	Fires int64 `json:"fires"`
	// ---
	// firing is for how long any series would have fired, such as 42m.
	//
	// +required
	Firing string `json:"firing"`
	// ---
	// longest is the longest without a break, such as 20m.
	//
	// +optional
	Longest string `json:"longest,omitempty"`
	// ---
	// lastFired is when it would last have begun to fire.
	//
	// +optional
	LastFired *metav1.Time `json:"lastFired,omitempty"`
	// ---
	// worstLabels are those of the worst series.
	//
	// +optional
	WorstLabels map[string]string `json:"worstLabels,omitempty"`
}

// Recommendation is for one level.
type Recommendation struct {
	// +required
	Severity string `json:"severity"`
	// above is the value, such as 3.1s.
	//
	// +optional
	Above string `json:"above,omitempty"`
	// below is the value.
	//
	// +optional
	Below string `json:"below,omitempty"`
	// because says why, such as "fires at most once a week over 7d".
	//
	// +required
	Because string `json:"because"`
}

// RuleReference names a PrometheusRule in the resource's namespace.
type RuleReference struct {
	// +required
	Name string `json:"name"`
}
