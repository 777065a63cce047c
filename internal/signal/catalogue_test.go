package signal

import (
	"maps"
	"slices"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

func TestExpr(t *testing.T) {
	all := Query{
		Namespace: "ai", Match: map[string]string{"service": "a"}, By: []string{"pod"},
		Window: "1m", Quantile: "0.5", MinTraffic: 0.1,
	}
	for name, tc := range map[string]struct {
		signal string
		query  Query
		want   string
	}{
		"latency": {
			HTTPLatency, Query{Namespace: "ai"},
			`histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{namespace="ai"}[5m]))) and sum(rate(http_request_duration_seconds_count{namespace="ai"}[5m])) > 0 or histogram_quantile(0.95, sum(rate(http_request_duration_seconds{namespace="ai"}[5m]))) and histogram_count(sum(rate(http_request_duration_seconds{namespace="ai"}[5m]))) > 0`,
		},
		"latency, with everything": {
			HTTPLatency, all,
			`histogram_quantile(0.5, sum by (le, pod) (rate(http_request_duration_seconds_bucket{namespace="ai",service="a"}[1m]))) and sum by (pod) (rate(http_request_duration_seconds_count{namespace="ai",service="a"}[1m])) >= 0.1 or histogram_quantile(0.5, sum by (pod) (rate(http_request_duration_seconds{namespace="ai",service="a"}[1m]))) and histogram_count(sum by (pod) (rate(http_request_duration_seconds{namespace="ai",service="a"}[1m]))) >= 0.1`,
		},
		"error rate": {
			HTTPErrorRate, Query{Namespace: "ai"},
			`sum(rate(errors_total{namespace="ai"}[5m]))`,
		},
		"error rate by two": {
			HTTPErrorRate, Query{Namespace: "ai", By: []string{"error_type", "endpoint"}},
			`sum by (error_type, endpoint) (rate(errors_total{namespace="ai"}[5m]))`,
		},
		"error ratio": {
			HTTPErrorRatio, Query{Namespace: "ai"},
			`(sum(rate(http_requests_total{namespace="ai",status=~"5.."}[5m])) or 0 * sum(rate(http_requests_total{namespace="ai"}[5m]))) / (sum(rate(http_requests_total{namespace="ai"}[5m])) > 0)`,
		},
		"model error ratio, with everything": {
			ModelErrorRatio, all,
			`(sum by (pod) (rate(ai_model_calls_total{namespace="ai",service="a",status="error"}[1m])) or 0 * sum by (pod) (rate(ai_model_calls_total{namespace="ai",service="a"}[1m]))) / (sum by (pod) (rate(ai_model_calls_total{namespace="ai",service="a"}[1m])) >= 0.1)`,
		},
		"cost": {
			CostPerDay, Query{Namespace: "ai", By: []string{"model"}},
			`86400 * sum by (model) (rate(ai_cost_usd_total{namespace="ai"}[1d]))`,
		},
		"availability": {
			Availability, Query{Namespace: "ai", By: []string{"job"}},
			`avg by (job) (avg_over_time(up{namespace="ai"}[5m]))`,
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
			if got := s.Expr(tc.query); got != tc.want {
				t.Errorf("Expr =\n%s, want\n%s", got, tc.want)
			}
		})
	}
}

func TestAbsent(t *testing.T) {
	q := Query{Namespace: "ai", Match: map[string]string{"service": "a"}}
	for name, want := range map[string]string{
		HTTPLatency: `absent(http_request_duration_seconds_count{namespace="ai",service="a"}) and on () absent(http_request_duration_seconds{namespace="ai",service="a"})`,
		CPU:         `absent(system_cpu_usage_percent{namespace="ai",service="a"})`,
	} {
		if s, _ := Lookup(name); s.Absent(q) != want {
			t.Errorf("%s: Absent = %s, want %s", name, s.Absent(q), want)
		}
	}
}

// everySignal calls the function with each signal of each source.
func everySignal(t *testing.T, f func(*testing.T, Signal)) {
	for _, source := range Sources() {
		for _, s := range Of(source) {
			t.Run(string(source)+"/"+s.Name, func(t *testing.T) { f(t, s) })
		}
	}
}

// TestCatalogue holds every signal to the contract, so that a new one cannot be half described.
func TestCatalogue(t *testing.T) {
	everySignal(t, func(t *testing.T, s Signal) {
		if !slices.Contains(Units(), s.Unit) {
			t.Errorf("unit %q is none of %v", s.Unit, Units())
		}
		first := s.Metrics[0]
		if s.Quantile != "" && first.Type != metric.Histogram {
			t.Errorf("quantile = %q for a %s", s.Quantile, first.Type)
		}
		if first.Type != metric.Gauge && s.Window == "" {
			t.Errorf("no window for the rate of a %s", first.Type)
		}
		if (s.Traffic != "") != (s.Quantile != "" || s.Unit == Ratio && first.Type != metric.Gauge) {
			t.Errorf("traffic = %q for %s", s.Traffic, s.Unit)
		}
		if s.Title == "" || s.Alert == "" || s.Means == "" || s.Advice == "" || s.Max <= 0 {
			t.Errorf("incomplete: %+v", s)
		}
	})
}

// TestSignalsReadTheContract takes the selectors out of each signal's PromQL, grouped by every label at once, and looks
// for their series and labels in the metric contract, or in the source's table.
func TestSignalsReadTheContract(t *testing.T) {
	everySignal(t, func(t *testing.T, s Signal) {
		series := map[string]metric.Metric{}
		for _, m := range tables[s.Source] {
			series[m.Name] = m
			if m.Type == metric.Histogram {
				series[m.Bucket()], series[m.Count()], series[m.Sum()] = m, m, m
			}
		}
		read := map[string]bool{}
		q := Query{Namespace: "ai", By: s.Labels(), MinTraffic: 1, NamespaceLabel: "ns"}
		for _, selector := range append(selectors(t, s.Expr(q)), selectors(t, s.Absent(q))...) {
			m, ok := series[selector.Name]
			if !ok {
				t.Fatalf("%s is not in the contract", selector.Name)
			}
			read[m.Name] = true
			for _, matcher := range selector.LabelMatchers {
				if !slices.Contains(m.Labels, matcher.Name) && matcher.Name != "ns" && matcher.Name != model.MetricNameLabel {
					t.Errorf("%s has no label %s", m.Name, matcher.Name)
				}
			}
			if !slices.ContainsFunc(selector.LabelMatchers, func(m *labels.Matcher) bool {
				return m.Name == "ns" && m.Type == labels.MatchEqual && m.Value == "ai"
			}) {
				t.Errorf("%s is not confined to its namespace", selector)
			}
		}
		want := map[string]bool{}
		for _, m := range s.Metrics {
			want[m.Name] = true
		}
		if !maps.Equal(read, want) {
			t.Errorf("reads %v, says %v", read, want)
		}
	})
}

// tables are the metrics of each source, as its emitter's own code names them.
var tables = map[Source][]metric.Metric{
	Plimsoll: append(metric.All(), metric.Up),
	OpenTelemetry: {
		otelDuration, otelFirst, otelChunk, otelInput, otelOutput, oldDuration, oldFirst, oldChunk, oldTokens, serverFirst, serverPerOutput,
	},
	EnvoyAIGateway: {envoyDuration, envoyFirst, envoyPerOutput, envoyTokens, envoyTokensOld},
	Agentgateway:   {agentDuration, agentFirst, agentPerOutput, agentTokens, agentCost, agentRequests},
	LiteLLM:        {liteDuration, liteFirst, litePerOutput, liteQueue, liteInput, liteOutput, liteCost, liteCalls, liteFailed},
	VLLM: {
		vllmDuration, vllmFirst, vllmPerOutput, vllmPerOutputOld, vllmQueueTime, vllmInput, vllmOutput, vllmFinished,
		vllmPreemptions, vllmWaiting, vllmRunning, vllmCache, vllmCacheOld, vllmHTTP,
	},
	Bifrost: {
		bifrostDuration, bifrostFirst, bifrostPerOutput, bifrostInput, bifrostOutput, bifrostCost, bifrostCalls, bifrostFailed, bifrostRunning,
	},
}

func selectors(t *testing.T, text string) []*parser.VectorSelector {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(text)
	if err != nil {
		t.Fatalf("Prometheus cannot parse %s: %v", text, err)
	}
	var all []*parser.VectorSelector
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		if selector, ok := node.(*parser.VectorSelector); ok {
			all = append(all, selector)
		}
		return nil
	})
	return all
}

func TestFixed(t *testing.T) {
	for label, want := range map[string]bool{"status": true, "endpoint": false, "pod": false, "anything": false} {
		if s, _ := Lookup(HTTPErrorRatio); s.Fixed(label) != want {
			t.Errorf("Fixed(%s) = %v", label, !want)
		}
	}
}

func TestLookupUnknown(t *testing.T) {
	if s, ok := Lookup("Bananas"); ok {
		t.Errorf("Lookup found %+v", s)
	}
}
