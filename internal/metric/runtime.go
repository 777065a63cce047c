package metric

// Metrics of client_golang's Go and process collectors, as far as dashboards show them.
var (
	Goroutines = Metric{
		Name: "go_goroutines", Type: Gauge,
		Help: "Number of goroutines that exist.",
	}
	ResidentMemory = Metric{
		Name: "process_resident_memory_bytes", Type: Gauge, Unit: Bytes,
		Help: "Resident memory of the process in bytes.",
	}
	StartTime = Metric{
		Name: "process_start_time_seconds", Type: Gauge, Unit: Seconds,
		Help: "Start time of the process since the Unix epoch in seconds.",
	}
)

// Runtime returns the metrics of the runtime that dashboards may show.
func Runtime() []Metric { return []Metric{Goroutines, ResidentMemory, StartTime} }

// ReplicaSetCreated is kube-state-metrics', which not every cluster has: what dashboards ask of it is optional.
var ReplicaSetCreated = Metric{
	Name: "kube_replicaset_created", Type: Gauge, Unit: Seconds, Labels: []string{"replicaset"},
	Help: "Creation time of a ReplicaSet since the Unix epoch in seconds.",
}

// Metrics of controller-runtime and its Kubernetes client, as far as dashboards show them. The buckets are theirs.
var (
	Reconciliations = Metric{
		Name: "controller_runtime_reconcile_total", Type: Counter, Labels: []string{"controller", "result"},
		Help: "Reconciliations; result is success, error, requeue or requeue_after.",
	}
	ReconcileDuration = Metric{
		Name: "controller_runtime_reconcile_time_seconds", Type: Histogram, Unit: Seconds, Labels: []string{"controller"},
		Help: "Duration of a reconciliation in seconds.",
	}
	QueueDepth = Metric{
		Name: "workqueue_depth", Type: Gauge, Labels: []string{"controller", "name", "priority"},
		Help: "AlertThresholds that wait for their reconciliation.",
	}
	QueueWait = Metric{
		Name: "workqueue_queue_duration_seconds", Type: Histogram, Unit: Seconds, Labels: []string{"controller", "name"},
		Help: "How long an AlertThreshold waits for its reconciliation, in seconds.",
	}
	Leader = Metric{
		Name: "leader_election_master_status", Type: Gauge, Labels: []string{"name"},
		Help: "1 on the replica that leads, 0 on those that stand by.",
	}
	APIRequests = Metric{
		Name: "rest_client_requests_total", Type: Counter, Labels: []string{"code", "host", "method"},
		Help: "Requests to the API server, by HTTP status.",
	}
	Admissions = Metric{
		Name: "controller_runtime_webhook_requests_total", Type: Counter, Labels: []string{"code", "webhook"},
		Help: "Requests of the API server to the webhook, by HTTP status.",
	}
	AdmissionDuration = Metric{
		Name: "controller_runtime_webhook_latency_seconds", Type: Histogram, Unit: Seconds, Labels: []string{"webhook"},
		Help: "Time that the webhook takes to answer, in seconds.",
	}
)

// ControllerRuntime returns the metrics of controller-runtime that dashboards may show.
func ControllerRuntime() []Metric {
	return []Metric{
		Reconciliations, ReconcileDuration, QueueDepth, QueueWait, Leader, APIRequests, Admissions, AdmissionDuration,
	}
}
