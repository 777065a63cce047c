package prometheusserver

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// StartScraping runs a Prometheus that scrapes the handler every second, whose labels win over the target's, and evaluates
// RulesDir as often, until the test ends.
func StartScraping(t testing.TB, handler http.Handler) *Server {
	t.Helper()
	exporter := httptest.NewServer(handler)
	t.Cleanup(exporter.Close)
	return Start(t, fmt.Sprintf(`
global: {scrape_interval: 1s, evaluation_interval: 1s}
rule_files: ["rules/*.yaml"]
scrape_configs: [{job_name: test, honor_labels: true, static_configs: [{targets: [%q]}]}]
`, strings.TrimPrefix(exporter.URL, "http://")))
}

// Histogram is a scrape target with one histogram, of which every scrape finds one more observation in the lowest bucket.
type Histogram struct {
	Name, Namespace string

	mu      sync.Mutex
	scrapes int
	bounds  []float64
}

// SetBounds sets the finite upper bounds of the buckets from the next scrape on.
func (h *Histogram) SetBounds(bounds ...float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bounds = bounds
}

// ServeHTTP is http.Handler's.
func (h *Histogram) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.scrapes++
	fmt.Fprintf(w, "# TYPE %s histogram\n", h.Name)
	for _, bound := range h.bounds {
		fmt.Fprintf(w, "%s_bucket{namespace=%q,le=\"%g\"} %d\n", h.Name, h.Namespace, bound, h.scrapes)
	}
	fmt.Fprintf(w, "%s_bucket{namespace=%q,le=\"+Inf\"} %d\n", h.Name, h.Namespace, h.scrapes)
	for _, suffix := range []string{"sum", "count"} {
		fmt.Fprintf(w, "%s_%s{namespace=%q} %d\n", h.Name, suffix, h.Namespace, h.scrapes)
	}
}
