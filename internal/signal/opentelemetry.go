package signal

import "slices"

// Names as Prometheus has them with UnderscoreEscapingWithSuffixes. The new generation is semantic-conventions-genai v0.1.0,
// docs/gen-ai/client-inference.md; the old one is semantic-conventions v1.41.0.
var (
	otelLabels = []string{labelOperation, labelProvider, labelRequest, labelResponse, "server_address", "server_port"}
	otelErrors = slices.Concat(otelLabels, []string{labelError})

	otelDuration    = seconds("gen_ai_client_inference_duration_seconds", durationBounds, otelErrors...)
	otelFirst       = seconds("gen_ai_client_inference_time_to_first_chunk_seconds", durationBounds, otelLabels...)
	otelChunk       = seconds("gen_ai_client_inference_time_per_output_chunk_seconds", durationBounds, otelLabels...)
	otelInput       = counter("gen_ai_client_inference_usage_input_tokens_total", slices.Concat(otelLabels, []string{"gen_ai_token_modality"})...)
	otelOutput      = counter("gen_ai_client_inference_usage_output_tokens_total", slices.Concat(otelLabels, []string{"gen_ai_token_modality"})...)
	oldDuration     = seconds("gen_ai_client_operation_duration_seconds", durationBounds, otelErrors...)
	oldFirst        = seconds("gen_ai_client_operation_time_to_first_chunk_seconds", durationBounds, otelLabels...)
	oldChunk        = seconds("gen_ai_client_operation_time_per_output_chunk_seconds", durationBounds, otelLabels...)
	oldTokens       = histogram("gen_ai_client_token_usage", slices.Concat(otelLabels, []string{labelToken})...)
	serverFirst     = seconds("gen_ai_server_time_to_first_token_seconds", firstBounds, otelLabels...)
	serverPerOutput = seconds("gen_ai_server_time_per_output_token_seconds", perTokenBounds, otelLabels...)
)

// inference leaves out embeddings, tools and agents, which the old names count too.
var inference = like(labelOperation, "chat|generate_content|text_completion")

var otelCalls = then(only(otelDuration), only(oldDuration, inference))

const noCost = "it counts tokens and has no cost; name a source that has prices (Plimsoll, Agentgateway, LiteLLM, Bifrost), or multiply TokenRate's counters in spec.expr"

// openTelemetry reads both generations of the GenAI conventions at once, as a client emits them.
var openTelemetry = emitter{
	source: OpenTelemetry,
	own:    []string{"gen_ai_client_inference_", "gen_ai_client_operation_"},
	words:  genAIWords,
	target: []string{"exported_job", "exported_instance"},
	readings: map[string]reading{
		ModelErrorRatio:       shareOf(pick(otelCalls, isNot(labelError, "")), otelCalls),
		ModelLatency:          quantileOf(otelCalls),
		ModelTimeToFirstToken: quantileOf(then(only(otelFirst), only(oldFirst), only(serverFirst))),
		TimePerOutputToken:    quantileOf(then(only(serverPerOutput), only(otelChunk), only(oldChunk))),
		TokenRate:             rateOf(then(tokens(otelInput, otelOutput), sumOf(oldTokens, wholeTokens))),
	},
	lacking: map[string]string{
		CostPerHour: noCost, CostPerDay: noCost,
		QueueLength: noServer, QueueTime: noServer, RequestsRunning: noServer, CacheUsage: noServer, Preemptions: noServer,
		AnswerTruncatedRatio: noReasons, AnswerBlockedRatio: noReasons,
	},
}
