package metric

import (
	"slices"
	"testing"
)

// TestSourceDocument holds the contract to the source document: its names, types and labels exactly, and at least its
// buckets.
func TestSourceDocument(t *testing.T) {
	for _, want := range []Metric{
		{Name: "http_requests_total", Type: Counter, Labels: []string{"method", "endpoint", "status"}},
		{Name: "http_request_duration_seconds", Type: Histogram, Labels: []string{"method", "endpoint"}, Buckets: []float64{0.1, 0.5, 1, 2, 5, 10}},
		{Name: "ai_model_calls_total", Type: Counter, Labels: []string{"model", "status"}},
		{Name: "ai_model_duration_seconds", Type: Histogram, Labels: []string{"model"}, Buckets: []float64{0.5, 1, 2, 5, 10, 30}},
		{Name: "ai_tokens_used_total", Type: Counter, Labels: []string{"model", "type"}},
		{Name: "errors_total", Type: Counter, Labels: []string{"error_type", "endpoint"}},
		{Name: "active_sessions", Type: Gauge},
		{Name: "system_cpu_usage_percent", Type: Gauge},
		{Name: "system_memory_usage_percent", Type: Gauge},
		{Name: "system_disk_usage_percent", Type: Gauge},
	} {
		t.Run(want.Name, func(t *testing.T) {
			contract := SourceDocument()
			i := slices.IndexFunc(contract, func(m Metric) bool { return m.Name == want.Name })
			if i < 0 {
				t.Fatal("is not in the contract")
			}
			got := contract[i]
			if got.Type != want.Type {
				t.Errorf("type = %s, want %s", got.Type, want.Type)
			}
			if !slices.Equal(got.Labels, want.Labels) {
				t.Errorf("labels = %q, want %q", got.Labels, want.Labels)
			}
			for _, bound := range want.Buckets {
				if !slices.Contains(got.Buckets, bound) {
					t.Errorf("buckets %v lack %v", got.Buckets, bound)
				}
			}
			if !slices.IsSorted(got.Buckets) {
				t.Errorf("buckets %v are not ascending", got.Buckets)
			}
		})
	}
}
