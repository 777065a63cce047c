package metric

// Operations of the session store, the values of the operation label.
const (
	OperationHistory = "history"
	OperationAppend  = "append"
	OperationDelete  = "delete"
	OperationActive  = "active"
)

// StoreOperations returns every operation of the session store.
func StoreOperations() []string {
	return []string{OperationHistory, OperationAppend, OperationDelete, OperationActive}
}

// Metrics of the session store, disks and network. The byte counters have no device label: devices come and go with pods
// and volumes, and would add series without bound.
var (
	SessionStoreErrors = Metric{
		Name: "session_store_errors_total", Type: Counter, Labels: []string{"operation"},
		Help: "Operations that the session store did not serve; chats went on without history.",
	}
	DiskRead = Metric{
		Name: "system_disk_read_bytes_total", Type: Counter, Unit: Bytes,
		Help: "Bytes read from all disks of the machine, whoever read them.",
	}
	DiskWritten = Metric{
		Name: "system_disk_written_bytes_total", Type: Counter, Unit: Bytes,
		Help: "Bytes written to all disks of the machine, whoever wrote them.",
	}
	NetworkReceived = Metric{
		Name: "system_network_receive_bytes_total", Type: Counter, Unit: Bytes,
		Help: "Bytes received over all interfaces of the pod, or without a pod the machine, but the loopback.",
	}
	NetworkSent = Metric{
		Name: "system_network_transmit_bytes_total", Type: Counter, Unit: Bytes,
		Help: "Bytes sent over all interfaces of the pod, or without a pod the machine, but the loopback.",
	}
)

var resources = []Metric{SessionStoreErrors, DiskRead, DiskWritten, NetworkReceived, NetworkSent}
