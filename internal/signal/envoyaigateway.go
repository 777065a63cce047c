package signal

import "slices"

// Read from envoyproxy/ai-gateway v1.1, and 0a4a25e for ai_backend: internal/metrics/genai.go and metrics_impl.go, and
// tests/data-plane/vcr/prometheus_metrics_test.go for names as scraped. Its first-token buckets are not listed: versions have
// other ones.
var (
	envoyLabels = []string{labelOperation, labelProvider, labelRequest, labelResponse, "gen_ai_original_model", "ai_backend"}

	envoyDuration  = seconds("gen_ai_server_request_duration_seconds", durationBounds, slices.Concat(envoyLabels, []string{labelError})...)
	envoyFirst     = seconds("gen_ai_server_time_to_first_token_seconds", nil, envoyLabels...)
	envoyPerOutput = seconds("gen_ai_server_time_per_output_token_seconds", perTokenBounds, envoyLabels...)
	envoyTokens    = histogram("gen_ai_client_token_usage", slices.Concat(envoyLabels, []string{labelToken})...)
	// envoyTokensOld is what versions up to 0.4 call it.
	envoyTokensOld = histogram("gen_ai_client_token_usage_token", slices.Concat(envoyLabels, []string{labelToken})...)
)

// envoyAIGateway reads Envoy AI Gateway.
var envoyAIGateway = emitter{
	source: EnvoyAIGateway,
	own:    []string{"gen_ai_server_request_duration_"},
	words:  genAIWords,
	readings: map[string]reading{
		ModelErrorRatio:       shareOf(only(envoyDuration, isNot(labelError, "")), only(envoyDuration)),
		ModelLatency:          quantileOf(only(envoyDuration)),
		ModelTimeToFirstToken: quantileOf(only(envoyFirst)),
		TimePerOutputToken:    quantileOf(only(envoyPerOutput)),
		TokenRate:             rateOf(then(sumOf(envoyTokens, wholeTokens), sumOf(envoyTokensOld, wholeTokens))),
	},
	lacking: map[string]string{
		CostPerHour: noCost, CostPerDay: noCost,
		QueueLength: noServer, QueueTime: noServer, RequestsRunning: noServer, CacheUsage: noServer, Preemptions: noServer,
		AnswerTruncatedRatio: noReasons, AnswerBlockedRatio: noReasons,
	},
}
