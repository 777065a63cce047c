package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// The source document's metrics, endpoints and log lines, as it writes them: what people have built on. Nothing here is
// taken from the code under test. The lines of start and shutdown are tested in cmd/assistant.

// sourceMetrics are the rows of the source document's metric tables, with the labels and buckets of its listing.
var sourceMetrics = []struct {
	name, kind string
	labels     []string
	buckets    []float64
}{
	{"http_requests_total", "COUNTER", []string{"method", "endpoint", "status"}, nil},
	{"http_request_duration_seconds", "HISTOGRAM", []string{"method", "endpoint"}, []float64{0.1, 0.5, 1, 2, 5, 10}},
	{"ai_model_calls_total", "COUNTER", []string{"model", "status"}, nil},
	{"ai_model_duration_seconds", "HISTOGRAM", []string{"model"}, []float64{0.5, 1, 2, 5, 10, 30}},
	{"ai_tokens_used_total", "COUNTER", []string{"model", "type"}, nil},
	{"errors_total", "COUNTER", []string{"error_type", "endpoint"}, nil},
	{"active_sessions", "GAUGE", nil, nil},
	{"system_cpu_usage_percent", "GAUGE", nil, nil},
	{"system_memory_usage_percent", "GAUGE", nil, nil},
	{"system_disk_usage_percent", "GAUGE", nil, nil},
}

// sourceSamples are series that its listings speak of.
var sourceSamples = []string{
	`http_requests_total{endpoint="/chat",method="POST",status="200"} 1`,
	`http_requests_total{endpoint="/chat",method="POST",status="429"} 1`,
	`http_request_duration_seconds_count{endpoint="/chat",method="POST"} 2`,
	`ai_model_calls_total{model="test-model",status="success"} 1`,
	`ai_model_calls_total{model="test-model",status="error"} 1`,
	`ai_model_duration_seconds_count{model="test-model"} 2`,
	`ai_tokens_used_total{model="test-model",type="prompt"} 1`,
	`ai_tokens_used_total{model="test-model",type="completion"} 2`,
	`errors_total{endpoint="ai_model",error_type="quota"} 1`,
	`errors_total{endpoint="/chat",error_type="quota"} 1`,
	`active_sessions 1`,
	`system_cpu_usage_percent 1.5`,
	`system_memory_usage_percent 25`,
	`system_disk_usage_percent 50`,
}

// contractEndpoints are those of the source document, and further ones that are promised. A field is a path into the
// JSON of the answer.
var contractEndpoints = []struct {
	method, path, body string
	status             int
	fields             []string
}{
	{"GET", "/metrics", "", 200, nil},
	{"GET", "/health", "", 200, []string{"status"}},
	{"GET", "/health/ready", "", 200, []string{"status"}},
	{"GET", "/health/detailed", "", 200, []string{
		"status", "timestamp", "uptime", "active_sessions", "system.cpu_percent",
		"system.memory.total", "system.memory.available", "system.memory.percent",
		"system.disk.total", "system.disk.used", "system.disk.percent",
		"system.network.bytes_sent", "system.network.bytes_recv",
	}},
	{"GET", "/stats", "", 200, []string{
		"timestamp", "errors.total_errors", "errors.error_types", "errors.recent_errors",
		"requests.total_requests", "requests.avg_duration", "requests.endpoints",
		"system.cpu_percent", "system.memory.percent", "system.disk.percent", "system.network.bytes_sent",
		"model.total_calls", "model.avg_duration", "model.total_tokens", "advice",
	}},
	{"POST", "/chat", `{"message":"x"}`, 200, []string{
		"session_id", "reply", "model", "usage.prompt_tokens", "usage.completion_tokens",
	}},
	{"DELETE", "/chat/s", "", 204, nil},
	{"POST", "/v1/chat/completions", hello, 200, []string{"id", "object", "created", "model", "choices", "usage.total_tokens"}},
	{"GET", "/v1/models", "", 200, []string{"object", "data"}},
	{"GET", "/v1/models/test-model", "", 200, []string{"id", "object"}},
}

// sourceLines are the log lines of its listings, by message, each with its fields.
var sourceLines = map[string][]string{
	"AI model call successful": {"timestamp", "level", "model", "prompt_length", "response_length", "tokens.prompt", "tokens.completion"},
	"AI model call failed":     {"timestamp", "level", "model", "error", "error_type"},
	"Health check performed":   {"timestamp", "level", "status", "uptime", "active_sessions"},
	"Request failed":           {"timestamp", "level", "error", "error_type", "endpoint", "duration", "request_id"},
	"Request completed":        {"timestamp", "level", "endpoint", "duration", "request_id"},
}

// played is an API that has answered one chat and failed at another, and reported its health.
func played(t *testing.T) (*API, *syncBuffer) {
	t.Helper()
	failing := false
	a, log := withStats(t, func(ctx context.Context, r assistant.Request) (assistant.Answer, error) {
		if failing {
			return assistant.Answer{}, &assistant.Error{Kind: assistant.KindQuota, Err: errors.New("429")}
		}
		return echo(ctx, r)
	})
	do(a, "POST", "/chat", `{"message":"x"}`)
	failing = true
	do(a, "POST", "/chat", `{"message":"x"}`)
	failing = false
	do(a, "GET", "/health/detailed", "")
	return a, log
}

func TestContractMetrics(t *testing.T) {
	a, _ := played(t)
	page := metrics(a)
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range sourceMetrics {
		f := families[want.name]
		if f == nil || f.GetType().String() != want.kind {
			t.Errorf("%s = %v, want a %s", want.name, f.GetType(), want.kind)
			continue
		}
		for _, s := range f.GetMetric() {
			if got := labels(s); !slices.Equal(got, slices.Sorted(slices.Values(want.labels))) {
				t.Errorf("%s has the labels %v, want %v", want.name, got, want.labels)
			}
			for _, bound := range want.buckets {
				if !slices.ContainsFunc(s.GetHistogram().GetBucket(), func(b *dto.Bucket) bool { return b.GetUpperBound() == bound }) {
					t.Errorf("%s has no bucket of %v", want.name, bound)
				}
			}
		}
	}
	for _, sample := range sourceSamples {
		wantSample(t, page, sample)
	}
}

func labels(m *dto.Metric) []string {
	var names []string
	for _, lineAndFields := range m.GetLabel() {
		names = append(names, lineAndFields.GetName())
	}
	slices.Sort(names)
	return names
}

func TestContractEndpoints(t *testing.T) {
	a, _ := played(t)
	for _, tt := range contractEndpoints {
		w := do(a, tt.method, tt.path, tt.body)
		if w.Code != tt.status {
			t.Errorf("%s %s = %d %s, want %d", tt.method, tt.path, w.Code, w.Body, tt.status)
			continue
		}
		wantFields(t, tt.path, w.Body.Bytes(), tt.fields)
	}
}

func TestContractLogLines(t *testing.T) {
	_, log := played(t)
	absent := maps.Clone(sourceLines)
	for line := range strings.Lines(log.String()) {
		var head struct{ Message string }
		if err := json.Unmarshal([]byte(line), &head); err != nil {
			t.Fatal(err)
		}
		if head.Message == "Request completed" && strings.Contains(line, `"endpoint":"/health`) {
			continue
		}
		wantFields(t, head.Message, []byte(line), sourceLines[head.Message])
		delete(absent, head.Message)
	}
	for message := range absent {
		t.Errorf("there is no line %q", message)
	}
}

func wantFields(t *testing.T, what string, data []byte, paths []string) {
	t.Helper()
	for _, path := range paths {
		var v any
		if err := json.Unmarshal(data, &v); err != nil {
			t.Fatal(err)
		}
		for name := range strings.SplitSeq(path, ".") {
			object, _ := v.(map[string]any)
			v = object[name]
		}
		if v == nil {
			t.Errorf("%s lacks %s: %s", what, path, data)
		}
	}
}
