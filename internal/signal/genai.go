package signal

import "github.com/plimsoll-dev/plimsoll/internal/metric"

// What the emitters of the GenAI semantic conventions have in common: open-telemetry/semantic-conventions,
// docs/gen-ai/gen-ai-metrics.md, v1.41.0.

// Labels of the GenAI conventions.
const (
	labelOperation = "gen_ai_operation_name"
	labelProvider  = "gen_ai_provider_name"
	labelRequest   = "gen_ai_request_model"
	labelResponse  = "gen_ai_response_model"
	labelToken     = "gen_ai_token_type" //nolint:gosec // no secret
	labelError     = "error_type"
)

// genAIWords are the catalogue's words for them.
var genAIWords = []word{
	{name: "model", labels: []string{labelRequest}},
	{name: "response_model", labels: []string{labelResponse}},
	{name: "provider", labels: []string{labelProvider, "gen_ai_system"}},
	{name: "operation", labels: []string{labelOperation}},
	{name: typeWord, labels: []string{labelToken}, values: map[string]string{
		metric.TokenPrompt: "input", metric.TokenCompletion: "output",
	}},
}

// wholeTokens leaves out cached and reasoning tokens, which input and output hold already.
var wholeTokens = like(labelToken, "input|output")

// Buckets that the conventions recommend, in seconds.
var (
	durationBounds = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	firstBounds    = []float64{0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}
	perTokenBounds = []float64{0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5}
)

// seconds is a histogram of seconds.
func seconds(name string, bounds []float64, labels ...string) metric.Metric {
	return metric.Metric{Name: name, Type: metric.Histogram, Unit: metric.Seconds, Labels: labels, Buckets: bounds}
}

// histogram is a histogram whose buckets nobody reads.
func histogram(name string, labels ...string) metric.Metric {
	return metric.Metric{Name: name, Type: metric.Histogram, Labels: labels}
}

func counter(name string, labels ...string) metric.Metric {
	return metric.Metric{Name: name, Type: metric.Counter, Labels: labels}
}

func gauge(name string, labels ...string) metric.Metric {
	return metric.Metric{Name: name, Type: metric.Gauge, Labels: labels}
}

// Why gateways and clients lack what a model's server has.
const (
	noServer  = "only the model's server knows it; name that source, such as VLLM"
	noReasons = "it has no metric of finish reasons; write spec.expr over your own, or name the source of the model's server"
)
