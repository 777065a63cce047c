package metric

// What client_golang's Go and process collectors emit for every program, as far as it is drawn.
var (
	Goroutines = Metric{
		Name: "go_goroutines", Type: Gauge,
		Help: "Number of goroutines that exist.",
	}
	ResidentMemory = Metric{
		Name: "process_resident_memory_bytes", Type: Gauge, Unit: Bytes,
		Help: "Resident memory of the process in bytes.",
	}
)

// Runtime returns the metrics of the runtime that dashboards may draw.
func Runtime() []Metric { return []Metric{Goroutines, ResidentMemory} }
