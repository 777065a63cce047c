package metric

// Up is what Prometheus itself writes at each scrape of a target: 1 when it went well, 0 when not. The assistant does not
// emit it, so All leaves it out; it is here because a signal reads it.
var Up = Metric{
	Name: "up", Type: Gauge,
	Help: "Whether the last scrape of the target went well: 1 or 0; written by Prometheus.",
}
