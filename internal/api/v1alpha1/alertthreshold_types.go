package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// AlertThreshold is one alert: a signal, the lines it must not cross, and who is told. It becomes one PrometheusRule.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=at,categories=plimsoll
// +kubebuilder:metadata:annotations="plimsoll.dev/schema-version=2"
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
type AlertThresholdSpec struct {
	// alert is the alert's name (the alertname label), in CamelCase, such as SlowResponse.
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

	// expr is a PromQL expression of your own; its value is compared with the levels, each of its series by itself. Every
	// selector in it is confined to the resource's namespace. Exactly one of signal and expr is set.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	// +optional
	Expr string `json:"expr,omitempty"`

	// unit is the unit of expr's value; Number when absent. A signal has its own unit.
	//
	// +optional
	Unit Unit `json:"unit,omitempty"`

	// selector narrows the signal to series with these labels, such as service: plimsoll-assistant or endpoint: /chat.
	// The namespace is always the resource's own and cannot be set here.
	//
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	Selector map[string]string `json:"selector,omitempty"`

	// levels are the lines that the value must not cross, one per severity. Where both are on one side, critical lies
	// beyond warning and warning beyond info; other severities are in no order.
	//
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	// +listType=map
	// +listMapKey=severity
	// +required
	Levels []Level `json:"levels"`

	// minTraffic is the least traffic, in requests or model calls per second, at which a ratio or latency signal is
	// judged, such as "0.1"; a fraction is quoted. A group of the signal's by with less has no value, so that one slow
	// request at night wakes nobody. When absent, any traffic is enough. It goes with HTTPErrorRatio, HTTPLatency,
	// ModelErrorRatio, ModelLatency and ModelTimeToFirstToken.
	//
	// +optional
	MinTraffic Value `json:"minTraffic,omitempty"`

	// noData says what it means when the series that are watched do not exist: Ignore (nothing fires) or Alert (an alert
	// fires with the least severe level's severity and the label nodata="true", after that level's for, but 5m at least).
	//
	// +kubebuilder:default=Ignore
	// +optional
	NoData NoData `json:"noData,omitempty"`

	// mode is Enforce (record, judge and alert), Shadow (record and judge, never alert) or Off (no rule at all).
	//
	// +kubebuilder:default=Enforce
	// +optional
	Mode Mode `json:"mode,omitempty"`

	// labels are added to the alert, for routing, such as team: assistants. Values may be Prometheus templates, but not
	// of the value itself, which would make another alert at each change.
	//
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	Labels map[string]string `json:"labels,omitempty"`

	// annotations are added to the alert and replace the default summary and description. Values may be Prometheus
	// templates, such as {{ $value }} and {{ $labels.endpoint }}. An alert of noData keeps its own summary and description.
	//
	// +kubebuilder:validation:MaxProperties=16
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Signal is a signal of the catalogue and how it is read.
type Signal struct {
	// name is the signal.
	//
	// HTTPErrorRate: errors per second, of requests and of model calls, as errors_total counts them.
	//
	// HTTPErrorRatio: the part of HTTP requests that is answered with a 5xx status; 0 without errors, no value without requests.
	//
	// HTTPLatency: a quantile of the time that HTTP requests take.
	//
	// HTTPRequestRate: HTTP requests per second.
	//
	// ModelErrorRatio: the part of model calls that fails; 0 without failures, no value without calls.
	//
	// ModelLatency: a quantile of the time that model calls take, from start to end.
	//
	// ModelTimeToFirstToken: a quantile of the time from a model call's start to the first text of its answer.
	//
	// TokenRate: tokens per second, of prompts and answers together unless told apart by type.
	//
	// CostPerHour: US dollars per hour, at the pace of the window; models without a price are not in it.
	//
	// CostPerDay: US dollars per day, at the pace of the window; models without a price are not in it.
	//
	// ActiveSessions: active user sessions as each pod counts them (all of them where pods share a store); grouped, the greatest of the group.
	//
	// CPU: CPU in use, as a percentage of what each pod may use; grouped, the greatest of the group.
	//
	// Memory: memory in use, as a percentage of what each pod may use; grouped, the greatest of the group.
	//
	// Disk: disk space in use where each pod works, as a percentage; grouped, the greatest of the group.
	//
	// Availability: the part of scrapes of all targets that went well; its lines usually lie below.
	//
	// +required
	Name SignalName `json:"name"`

	// quantile of the latency that is watched, between 0 and 1, in quotes; "0.95" when absent. Only latencies have one.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +optional
	Quantile string `json:"quantile,omitempty"`

	// window is the time over which rates are taken, such as 10m; when absent 5m, for CostPerHour 1h, for CostPerDay 1d.
	// Gauges (ActiveSessions, CPU, Memory, Disk) have none.
	//
	// +optional
	Window Duration `json:"window,omitempty"`

	// by are the labels by which the signal is told apart, one alert for each combination of their values. Every signal
	// has service, job, pod, instance and container. HTTPErrorRate also has error_type and endpoint; HTTPErrorRatio and
	// HTTPLatency method and endpoint; HTTPRequestRate method, endpoint and status; ModelErrorRatio, ModelLatency and
	// ModelTimeToFirstToken model; TokenRate, CostPerHour and CostPerDay model and type. When absent, all series are one;
	// gauges are told apart by all labels they have.
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
//
// +kubebuilder:validation:XValidation:rule="has(self.above) != has(self.below)",message="set exactly one of above and below, such as above: \"2s\""
type Level struct {
	// severity is the alert's severity label, such as warning or critical.
	//
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z][a-z0-9_-]*$')",message="must be a word such as warning or critical: lower-case letters, digits, dashes and underscores, beginning with a letter"
	// +required
	Severity string `json:"severity"`

	// above makes the alert fire when the value is greater. It is an integer (80) or a string with or without the signal's
	// unit: "2s" or "250ms" (Seconds, never without), "80%" (Percent), "5%" or "0.05" (Ratio), "0.05/s" (PerSecond), "$3"
	// (USD), "1.5" (Number). A fraction without a unit is quoted. Exactly one of above and below is set.
	//
	// +optional
	Above Value `json:"above,omitempty"`

	// below makes the alert fire when the value is less; written like above. Exactly one of above and below is set.
	//
	// +optional
	Below Value `json:"below,omitempty"`

	// for is how long the value must stay across the line before the alert fires, such as 10m; at once when absent.
	//
	// +optional
	For Duration `json:"for,omitempty"`

	// keepFiringFor is how long the alert goes on firing after the value has come back, such as 5m; not at all when absent.
	//
	// +optional
	KeepFiringFor Duration `json:"keepFiringFor,omitempty"`
}

// SignalName names a signal of the catalogue.
//
// +kubebuilder:validation:Enum=HTTPErrorRate;HTTPErrorRatio;HTTPLatency;HTTPRequestRate;ModelErrorRatio;ModelLatency;ModelTimeToFirstToken;TokenRate;CostPerHour;CostPerDay;ActiveSessions;CPU;Memory;Disk;Availability
type SignalName string

// Unit is the unit of an expression's value: Seconds; Percent (0 to 100); Ratio (0 to 1); PerSecond; USD (dollars);
// Number.
//
// +kubebuilder:validation:Enum=Seconds;Percent;Ratio;PerSecond;USD;Number
type Unit string

// Duration is a Prometheus duration, such as 30s, 10m or 1h30m; never negative.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=32
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
