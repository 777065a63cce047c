package metric

import "slices"

// Labels of OpenTelemetry's GenAI metrics, and their values of a closed set.
const (
	GenAIOperationLabel = "gen_ai_operation_name"
	GenAIProviderLabel  = "gen_ai_provider_name"
	GenAIModelLabel     = "gen_ai_request_model"
	GenAITokenTypeLabel = "gen_ai_token_type" //nolint:gosec // tokens of text, not of access
	GenAIModalityLabel  = "gen_ai_token_modality"
	// GenAIErrorLabel is empty, and so absent in Prometheus, for a success.
	GenAIErrorLabel = "error_type"

	GenAIInput  = "input"
	GenAIOutput = "output"
	GenAIText   = "text"
)

var (
	genAILabels = []string{GenAIOperationLabel, GenAIProviderLabel, GenAIModelLabel}
	// The conventions' own buckets.
	genAISeconds = []float64{0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92}
	genAITokens  = []float64{1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864}
)

// genAIDuration describes a duration under one of its names.
func genAIDuration(name, help string, labels ...string) Metric {
	return Metric{
		Name: name, Type: Histogram, Unit: Seconds, Labels: slices.Concat(genAILabels, labels), Buckets: genAISeconds, Help: help,
	}
}

// genAICounter describes a counter of tokens.
func genAICounter(name, help string) Metric {
	return Metric{Name: name, Type: Counter, Labels: slices.Concat(genAILabels, []string{GenAIModalityLabel}), Help: help}
}

// Help of durations that both generations have.
const (
	genAIDurationHelp   = "Duration of a call of a GenAI model in seconds; error_type is empty for a success."
	genAIFirstChunkHelp = "Time from a call's start to the first chunk of its answer, in seconds."
	genAIPerChunkHelp   = "Time from a chunk of an answer to the next one, in seconds."
)

// OpenTelemetry's metrics of GenAI clients by the names up to version 1.41 of the semantic conventions, as Prometheus sees
// them.
var (
	GenAIOperationDuration = genAIDuration("gen_ai_client_operation_duration_seconds", genAIDurationHelp, GenAIErrorLabel)
	GenAIOperationFirst    = genAIDuration("gen_ai_client_operation_time_to_first_chunk_seconds", genAIFirstChunkHelp)
	GenAIOperationPerChunk = genAIDuration("gen_ai_client_operation_time_per_output_chunk_seconds", genAIPerChunkHelp)
	GenAITokenUsage        = Metric{
		Name: "gen_ai_client_token_usage", Type: Histogram, Labels: slices.Concat(genAILabels, []string{GenAITokenTypeLabel}),
		Buckets: genAITokens, Help: "Tokens of a call; gen_ai_token_type is input or output.",
	}
)

// The same by the names since version 0.1.0 of the GenAI conventions.
var (
	GenAIInferenceDuration = genAIDuration("gen_ai_client_inference_duration_seconds", genAIDurationHelp, GenAIErrorLabel)
	GenAIInferenceFirst    = genAIDuration("gen_ai_client_inference_time_to_first_chunk_seconds", genAIFirstChunkHelp)
	GenAIInferencePerChunk = genAIDuration("gen_ai_client_inference_time_per_output_chunk_seconds", genAIPerChunkHelp)

	GenAIInputTokens = genAICounter("gen_ai_client_inference_usage_input_tokens_total",
		"Tokens of prompts; all are text.")
	GenAIOutputTokens = genAICounter("gen_ai_client_inference_usage_output_tokens_total",
		"Tokens of answers, thinking included; all are text.")
	GenAICachedTokens = genAICounter("gen_ai_client_inference_usage_cache_read_input_tokens_total",
		"Tokens of prompts that were cached: a subset, not to be added.")
	GenAIReasoningTokens = genAICounter("gen_ai_client_inference_usage_reasoning_output_tokens_total",
		"Tokens of answers that were thinking: a subset, not to be added.")

	GenAIInputPerCall = Metric{
		Name: "gen_ai_client_inference_operation_input_tokens", Type: Histogram, Labels: genAILabels, Buckets: genAITokens,
		Help: "Tokens of a call's prompt.",
	}
	GenAIOutputPerCall = Metric{
		Name: "gen_ai_client_inference_operation_output_tokens", Type: Histogram, Labels: genAILabels, Buckets: genAITokens,
		Help: "Tokens of a call's answer, thinking included.",
	}
)

// GenAIOld returns the metrics with the old names. Nothing emits them by default, so All leaves them out.
func GenAIOld() []Metric {
	return []Metric{GenAIOperationDuration, GenAIOperationFirst, GenAIOperationPerChunk, GenAITokenUsage}
}

// GenAINew returns the metrics with the new names. Nothing emits them by default, so All leaves them out.
func GenAINew() []Metric {
	return []Metric{
		GenAIInferenceDuration, GenAIInferenceFirst, GenAIInferencePerChunk, GenAIInputTokens, GenAIOutputTokens,
		GenAICachedTokens, GenAIReasoningTokens, GenAIInputPerCall, GenAIOutputPerCall,
	}
}
