package metric

// Up is written by Prometheus at each scrape of a target. The assistant does not emit it, so All leaves it out; a signal
// reads it.
var Up = Metric{
	Name: "up", Type: Gauge,
	Help: "Whether the last scrape of the target went well: 1 or 0; written by Prometheus.",
}
