package signal

import (
	"slices"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

func TestExpr(t *testing.T) {
	for name, tc := range map[string]struct {
		signal string
		query  Query
		want   string
	}{
		"latency": {
			HTTPLatency, Query{Namespace: "ai"},
			`histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="ai"}[5m])))`,
		},
		"latency by endpoint": {
			HTTPLatency,
			Query{Namespace: "ai", Match: map[string]string{"service": "a", "method": "GET"}, By: []string{"endpoint"}, Window: "1m", Quantile: "0.5"},
			`histogram_quantile(0.5, sum by (le, endpoint) (rate(http_request_duration_seconds_bucket{namespace="ai",method="GET",service="a"}[1m])))`,
		},
		"error rate": {
			HTTPErrorRate, Query{Namespace: "ai"},
			`sum(rate(errors_total{namespace="ai"}[5m]))`,
		},
		"error rate by two": {
			HTTPErrorRate, Query{Namespace: "ai", By: []string{"error_type", "endpoint"}},
			`sum by (error_type, endpoint) (rate(errors_total{namespace="ai"}[5m]))`,
		},
		"cpu": {
			CPU, Query{Namespace: "ai"},
			`system_cpu_usage_percent{namespace="ai"}`,
		},
		"memory by pod": {
			Memory, Query{Namespace: "ai", By: []string{"pod"}},
			`max by (pod) (system_memory_usage_percent{namespace="ai"})`,
		},
		"the namespace stays and values are quoted": {
			CPU, Query{Namespace: "ai", Match: map[string]string{"namespace": "other", "pod": `a"} or b{c="`}},
			`system_cpu_usage_percent{namespace="ai",pod="a\"} or b{c=\""}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, ok := Lookup(tc.signal)
			if !ok {
				t.Fatalf("no signal %s", tc.signal)
			}
			got := s.Expr(tc.query)
			if got != tc.want {
				t.Errorf("Expr =\n%s, want\n%s", got, tc.want)
			}
			if _, err := parser.NewParser(parser.Options{}).ParseExpr(got); err != nil {
				t.Errorf("Prometheus cannot parse it: %v", err)
			}
		})
	}
}

// TestCatalogue holds every signal to the contract, so that a new one cannot be half described.
func TestCatalogue(t *testing.T) {
	var contract []string
	for _, m := range metric.All() {
		contract = append(contract, m.Name)
	}
	for _, s := range All() {
		t.Run(s.Name, func(t *testing.T) {
			if !slices.Contains(contract, s.Metric.Name) {
				t.Errorf("metric %q is not in the contract", s.Metric.Name)
			}
			if !slices.Contains(Units(), s.Unit) {
				t.Errorf("unit %q is none of %v", s.Unit, Units())
			}
			if (s.Metric.Type == metric.Gauge) != (s.Window == "") {
				t.Errorf("window = %q for a %s", s.Window, s.Metric.Type)
			}
			if (s.Metric.Type == metric.Histogram) != (s.Quantile != "") {
				t.Errorf("quantile = %q for a %s", s.Quantile, s.Metric.Type)
			}
			if s.Title == "" || s.Advice == "" || s.Max <= 0 {
				t.Errorf("incomplete: %+v", s)
			}
		})
	}
}

func TestLookupUnknown(t *testing.T) {
	if s, ok := Lookup("Bananas"); ok {
		t.Errorf("Lookup found %+v", s)
	}
}
