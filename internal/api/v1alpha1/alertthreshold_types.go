package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AlertThreshold is one alert: a signal, the lines it must not cross, and who is told. It becomes one PrometheusRule.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=at,categories=plimsoll
// +kubebuilder:printcolumn:name="Alert",type=string,JSONPath=`.spec.alert`
// +kubebuilder:printcolumn:name="Signal",type=string,JSONPath=`.spec.signal.name`
// +kubebuilder:printcolumn:name="Threshold",type=string,JSONPath=`.status.threshold`
// +kubebuilder:printcolumn:name="Current",type=string,JSONPath=`.status.current`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,priority=1
// +kubebuilder:printcolumn:name="Headroom",type=string,JSONPath=`.status.headroom`,priority=1
// +kubebuilder:printcolumn:name="Fires",type=string,JSONPath=`.status.backtest.fires`,priority=1
// +kubebuilder:printcolumn:name="Rule",type=string,JSONPath=`.status.rule.name`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="metadata.name must be at most 63 characters: it is a label value of the alert and part of the PrometheusRule's name"
type AlertThreshold struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// +required
	Spec AlertThresholdSpec `json:"spec"`
	// +optional
	Status AlertThresholdStatus `json:"status,omitempty,omitzero"`
}

// AlertThresholdList is a list of AlertThresholds.
//
// +kubebuilder:object:root=true
type AlertThresholdList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []AlertThreshold `json:"items"`
}

// AlertThresholdSpec says what is watched and where its lines lie.
//
// +kubebuilder:validation:XValidation:rule="has(self.signal) != has(self.expr)",message="set exactly one of spec.signal (a signal of the catalogue) and spec.expr (your own PromQL)"
// +kubebuilder:validation:XValidation:rule="!has(self.unit) || has(self.expr)",message="remove spec.unit: it goes with spec.expr only, a signal has its own unit"
// +kubebuilder:validation:XValidation:rule="!has(self.selector) || has(self.signal)",message="remove spec.selector: it goes with spec.signal only, write label matchers into spec.expr"
type AlertThresholdSpec struct {
	// alert is the alert's name (the alertname label), in CamelCase.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_]*$')",message="must be a name such as SlowResponse: letters, digits and underscores, beginning with a letter"
	// +required
	Alert string `json:"alert"`

	// signal picks what is watched from the catalogue. Exactly one of signal and expr is set.
	//
	// +optional
	Signal *Signal `json:"signal,omitempty"`

	// expr is a PromQL expression of your own; its value is compared with the levels. Every selector in it is confined
	// to the resource's namespace. Exactly one of signal and expr is set.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +optional
	Expr string `json:"expr,omitempty"`

	// unit is the unit of expr's value; Number when absent. A signal has its own unit.
	//
	// +optional
	Unit Unit `json:"unit,omitempty"`

	// selector narrows the signal to series with these labels, such as service: plimsoll-assistant. The namespace is
	// always the resource's own and cannot be set here.
	//
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="!('namespace' in self)",message="remove namespace: a threshold always watches its own namespace"
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^_?[a-zA-Z][a-zA-Z0-9_]*$'))",message="every key must be a Prometheus label name such as service: letters, digits and underscores, beginning with a letter or with one underscore and a letter"
	// +optional
	Selector map[string]string `json:"selector,omitempty"`

	// levels are the lines that the value must not cross, one per severity.
	//
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=severity
	// +required
	Levels []Level `json:"levels"`

	// minTraffic is the least traffic, in requests or model calls per second, at which a ratio or latency signal is
	// judged, such as "0.1"; below it the signal has no value, so nothing fires on one slow request at night.
	//
	// +optional
	MinTraffic Value `json:"minTraffic,omitempty"`

	// noData says what it means when the series that the signal reads do not exist: Ignore (nothing fires) or Alert (an
	// alert of the least severe level fires, with the label nodata="true").
	//
	// +kubebuilder:default=Ignore
	// +optional
	NoData NoData `json:"noData,omitempty"`

	// mode is Enforce (record, judge and alert), Shadow (record and judge, never alert) or Off (no rule at all).
	//
	// +kubebuilder:default=Enforce
	// +optional
	Mode Mode `json:"mode,omitempty"`

	// labels are added to the alert, for routing.
	//
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="!('severity' in self)",message="remove severity: it is set by each of spec.levels"
	// +kubebuilder:validation:XValidation:rule="!('alertname' in self) && !('alertthreshold' in self) && !('namespace' in self)",message="remove alertname, alertthreshold and namespace: the controller sets them"
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^_?[a-zA-Z][a-zA-Z0-9_]*$'))",message="every key must be a Prometheus label name such as team: letters, digits and underscores, beginning with a letter or with one underscore and a letter"
	// +optional
	Labels map[string]string `json:"labels,omitempty"`

	// annotations are added to the alert and replace the default summary and description. Values may be Prometheus
	// templates, such as {{ $value }} and {{ $labels.endpoint }}.
	//
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^[a-zA-Z_][a-zA-Z0-9_]*$'))",message="every key must be a name such as runbook_url: letters, digits and underscores, not beginning with a digit"
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Signal is a signal of the catalogue and how it is read.
//
// +kubebuilder:validation:XValidation:rule="!has(self.quantile) || self.name == 'HTTPLatency'",message="remove spec.signal.quantile: it goes with HTTPLatency only"
// +kubebuilder:validation:XValidation:rule="!has(self.window) || !(self.name in ['CPU', 'Memory'])",message="remove spec.signal.window: CPU and Memory are gauges, read as they are"
type Signal struct {
	// name is the signal: HTTPLatency (response time), HTTPErrorRate (errors per second), CPU and Memory (percentage in
	// use of what the process may use).
	//
	// +required
	Name SignalName `json:"name"`

	// quantile of the latency that is watched, between 0 and 1; "0.95" when absent.
	//
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^0?[.][0-9]*[1-9][0-9]*$')",message="must lie between 0 and 1, both excluded, such as \"0.95\""
	// +optional
	Quantile string `json:"quantile,omitempty"`

	// window is the time over which rates are taken; 5m when absent.
	//
	// +optional
	Window Duration `json:"window,omitempty"`

	// by are the labels by which the signal is told apart, one alert for each combination of their values.
	//
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +listType=set
	// +optional
	By []string `json:"by,omitempty"`
}

// Level is one line and what happens when the value crosses it. Exactly one of above and below is set.
type Level struct {
	// severity is the alert's severity label, such as warning or critical.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z][a-z0-9_-]*$')",message="must be a word such as warning or critical: lower-case letters, digits, dashes and underscores, beginning with a letter"
	// +required
	Severity string `json:"severity"`

	// above makes the alert fire when the value is greater: a number (80, 0.05) or a string with a unit ("2s", "250ms",
	// "5%"), in the signal's unit. Exactly one of above and below is set.
	//
	// +optional
	Above Value `json:"above,omitempty"`

	// below makes the alert fire when the value is less; written like above. Exactly one of above and below is set.
	//
	// +optional
	Below Value `json:"below,omitempty"`

	// for is how long the value must stay across the line before the alert fires; at once when absent.
	//
	// +optional
	For Duration `json:"for,omitempty"`

	// keepFiringFor is how long the alert goes on firing after the value has come back.
	//
	// +optional
	KeepFiringFor Duration `json:"keepFiringFor,omitempty"`
}

// SignalName names a signal of the catalogue.
//
// +kubebuilder:validation:Enum=HTTPErrorRate;HTTPErrorRatio;HTTPLatency;HTTPRequestRate;ModelErrorRatio;ModelLatency;ModelTimeToFirstToken;TokenRate;CostPerHour;CostPerDay;ActiveSessions;CPU;Memory;Disk;Availability
type SignalName string

// Unit is the unit of an expression's value: Seconds; Percent (0 to 100); Ratio (0 to 1); PerSecond; Number.
//
// +kubebuilder:validation:Enum=Seconds;Percent;Ratio;PerSecond;USD;Number
type Unit string

// Duration is a Prometheus duration, such as 30s, 10m or 1h30m; never negative.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=32
// +kubebuilder:validation:XValidation:rule="self.matches('^(0|([0-9]+y)?([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?)$')",message="must be a duration such as 30s, 10m or 1h30m, and not negative"
type Duration string

// NoData says what the absence of a signal's series means.
//
// +kubebuilder:validation:Enum=Ignore;Alert
type NoData string

const (
	// NoDataIgnore: nothing fires while there is nothing to judge.
	NoDataIgnore NoData = "Ignore"
	// NoDataAlert: the absence is itself a reason to alert.
	NoDataAlert NoData = "Alert"
)

// Mode says how much of a threshold is put to work.
//
// +kubebuilder:validation:Enum=Enforce;Shadow;Off
type Mode string

const (
	// ModeEnforce records the signal, judges it and alerts.
	ModeEnforce Mode = "Enforce"
	// ModeShadow records the signal and judges it: status and backtest say what would have fired, nobody is paged.
	ModeShadow Mode = "Shadow"
	// ModeOff keeps the resource and removes its rule.
	ModeOff Mode = "Off"
)
