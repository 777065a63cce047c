package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AlertThreshold is a signal and the levels at which its alert fires.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=at,categories=plimsoll
// +kubebuilder:metadata:annotations="plimsoll.dev/schema-version=6"
// +kubebuilder:metadata:annotations="helm.sh/resource-policy=keep"
// +kubebuilder:printcolumn:name="Alert",type=string,JSONPath=`.spec.alert`
// +kubebuilder:printcolumn:name="Signal",type=string,JSONPath=`.spec.signal.name`
// +kubebuilder:printcolumn:name="Threshold",type=string,JSONPath=`.status.threshold`
// +kubebuilder:printcolumn:name="Current",type=string,JSONPath=`.status.current`
// +kubebuilder:printcolumn:name="State",type=string,JSONPath=`.status.state`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Loaded",type=string,JSONPath=`.status.conditions[?(@.type=="Loaded")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,priority=1
// +kubebuilder:printcolumn:name="Headroom",type=string,JSONPath=`.status.headroom`,priority=1
// +kubebuilder:printcolumn:name="Fires",type=string,JSONPath=`.status.backtest.fires`,priority=1
// +kubebuilder:printcolumn:name="Rule",type=string,JSONPath=`.status.rule.name`,priority=1
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63",message="metadata.name must be at most 63 characters"
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

// AlertThresholdSpec is what is watched, and its levels.
//
// +kubebuilder:validation:XValidation:rule="has(self.signal) != has(self.expr)",message="set exactly one of spec.signal and spec.expr"
type AlertThresholdSpec struct {
	// alert is the alertname label, such as SlowResponse.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +required
	Alert string `json:"alert"`

	// signal is of the catalogue; set it or expr.
	//
	// +optional
	Signal *Signal `json:"signal,omitempty"`

	// expr is PromQL, confined to the resource's namespace; set it or signal.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +optional
	Expr string `json:"expr,omitempty"`

	// unit is that of expr's value; Number by default.
	//
	// +optional
	Unit Unit `json:"unit,omitempty"`

	// levels are those at which the alert fires; critical lies beyond warning.
	//
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=severity
	// +required
	Levels []Level `json:"levels"`

	// noData is Alert for an alert when there are no series, or of expr no number.
	// It has the label nodata="true" and waits for 5m at least.
	// Its severity is that of the least severe level, and it waits for that level's for, if that is longer.
	//
	// +kubebuilder:default=Ignore
	// +optional
	NoData NoData `json:"noData,omitempty"`

	// mode is Enforce, Shadow (no alerts) or Off (no rule).
	//
	// +kubebuilder:default=Enforce
	// +optional
	Mode Mode `json:"mode,omitempty"`

	// labels are added to the alert; values may be templates, but not of $value.
	//
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	Labels map[string]string `json:"labels,omitempty"`

	// annotations are added to the alert; values may be templates.
	// They replace the default summary and description, but not those of an alert of noData.
	//
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`

	// These two are fields of the signal since schema version 3. They are kept so that package rules can refuse them: the API
	// server would drop what it does not know, and the alert would silently be about other series.

	// +optional
	MovedSelector map[string]string `json:"selector,omitempty"`
	// minTraffic moved to signal.
	//
	// +optional
	MovedMinTraffic Value `json:"minTraffic,omitempty"`
}

// Signal is a signal of the catalogue and how it is read.
type Signal struct {
	// name is the signal, such as HTTPLatency.
	//
	// +required
	Name SignalName `json:"name"`

	// source says whose metrics the signal is read from; Plimsoll by default.
	// OpenTelemetry needs series with a namespace label, as scraped ones have, or the controller's --otel-namespace-label.
	//
	// +optional
	Source SignalSource `json:"source,omitempty"`

	// prefix begins the names of VLLM's metrics where they were renamed, such as "kserve_vllm:".
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Prefix string `json:"prefix,omitempty"`

	// quantile is that of a latency, in quotes; "0.95" by default.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Quantile string `json:"quantile,omitempty"`

	// window is that of rates, such as 10m.
	// The default is 5m, 1h for CostPerHour and 1d for CostPerDay; gauges (such as ActiveSessions, CPU and QueueLength) have none.
	//
	// +optional
	Window Duration `json:"window,omitempty"`

	// by are labels; each combination of values is an alert.
	//
	// Every signal has service, job, pod, instance and container; signal.Signal.Labels has the others. Gauges are told apart by all
	// labels by default. Model, response_model, provider, operation and type are the same words for every source.
	//
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=64
	// +listType=set
	// +optional
	By []string `json:"by,omitempty"`

	// matchLabels select series by label, such as endpoint: /chat.
	//
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	MatchLabels map[string]string `json:"matchLabels,omitempty"`

	// minTraffic is the least per second for a ratio or latency, such as "0.1".
	// It holds for each group of by, so that one slow request at night wakes nobody.
	//
	// +optional
	MinTraffic Value `json:"minTraffic,omitempty"`
}

// Level is one level.
//
// +kubebuilder:validation:XValidation:rule="has(self.above) || has(self.below)",message="set above, below or both"
type Level struct {
	// severity is the severity label, such as warning or P1.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +required
	Severity string `json:"severity"`

	// above fires when the value is greater, such as 80, 250ms, 5%, 0.05/s or $3.
	// A fraction without a unit is quoted.
	//
	// +optional
	Above Value `json:"above,omitempty"`

	// below fires when the value is less; with above, the alert fires outside the two.
	//
	// +optional
	Below Value `json:"below,omitempty"`

	// for is how long the level must stay crossed, such as 10m.
	//
	// +optional
	For Duration `json:"for,omitempty"`

	// keepFiringFor is how long the alert fires after that, such as 5m.
	//
	// +optional
	KeepFiringFor Duration `json:"keepFiringFor,omitempty"`
}

// SignalName names a signal of the catalogue.
//
// +kubebuilder:validation:Enum=HTTPErrorRate;HTTPErrorRatio;HTTPLatency;HTTPRequestRate;ModelErrorRatio;ModelLatency;ModelTimeToFirstToken;TokenRate;CostPerHour;CostPerDay;ActiveSessions;CPU;Memory;Disk;Availability;TimePerOutputToken;QueueLength;QueueTime;RequestsRunning;CacheUsage;Preemptions;AnswerTruncatedRatio;AnswerBlockedRatio
type SignalName string

// SignalSource names who emits a signal's metrics.
//
// +kubebuilder:validation:Enum=Plimsoll;OpenTelemetry;EnvoyAIGateway;Agentgateway;LiteLLM;VLLM;Bifrost
type SignalSource string

// Unit is that of an expression's value: Percent is 0 to 100, Ratio 0 to 1, USD dollars.
//
// +kubebuilder:validation:Enum=Seconds;Percent;Ratio;PerSecond;USD;Bytes;Number
type Unit string

// Duration is a Prometheus duration, such as 1h30m.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=32
type Duration string

// NoData says what fires without series.
//
// +kubebuilder:validation:Enum=Ignore;Alert
type NoData string

const (
	// NoDataIgnore: nothing fires without a value.
	NoDataIgnore NoData = "Ignore"
	// NoDataAlert: the absence is itself a reason to alert.
	NoDataAlert NoData = "Alert"
)

// Mode says how much of a threshold is in force.
//
// +kubebuilder:validation:Enum=Enforce;Shadow;Off
type Mode string

const (
	// ModeEnforce records the signal, evaluates it and alerts.
	ModeEnforce Mode = "Enforce"
	// ModeShadow records and evaluates the signal: status and backtest say what would have fired.
	ModeShadow Mode = "Shadow"
	// ModeOff keeps the resource and removes its rule.
	ModeOff Mode = "Off"
)
