package signal

import "slices"

// Read from maximhq/bifrost 001016f: plugins/telemetry/main.go.
var (
	bifrostLabels = []string{
		"provider", "model", "alias", "method", "virtual_key_id", "virtual_key_name", "routing_engine_used", "routing_rule_id",
		"routing_rule_name", "complexity_tier", "complexity_mechanism", "selected_key_id", "selected_key_name", "fallback_index",
		"team_id", "team_name", "customer_id", "customer_name", "business_unit_id", "business_unit_name", "project_id", "project_name",
	}

	bifrostDurationBounds = []float64{
		0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 30, 45, 60, 90, 120, 180, 300, 600, 900,
	}
	bifrostFirstBounds    = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300}
	bifrostPerTokenBounds = []float64{0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}

	bifrostDuration  = seconds("bifrost_upstream_latency_seconds", bifrostDurationBounds, slices.Concat(bifrostLabels, []string{"is_success"})...)
	bifrostFirst     = seconds("bifrost_stream_first_token_latency_seconds", bifrostFirstBounds, bifrostLabels...)
	bifrostPerOutput = seconds("bifrost_stream_inter_token_latency_seconds", bifrostPerTokenBounds, bifrostLabels...)
	bifrostInput     = counter("bifrost_input_tokens_total", bifrostLabels...)
	bifrostOutput    = counter("bifrost_output_tokens_total", bifrostLabels...)
	bifrostCost      = counter("bifrost_cost_total", bifrostLabels...)
	bifrostCalls     = counter("bifrost_upstream_requests_total", bifrostLabels...)
	bifrostFailed    = counter("bifrost_error_requests_total", slices.Concat(bifrostLabels, []string{"status_code", labelError})...)
	bifrostRunning   = gauge("bifrost_active_requests", "method")
)

// bifrost reads the Bifrost gateway.
var bifrost = emitter{
	source: Bifrost,
	own:    []string{"bifrost_"},
	words: []word{
		{name: "model", labels: []string{"model"}},
		{name: "provider", labels: []string{"provider"}},
		{name: "operation", labels: []string{"method"}},
		{name: typeWord},
	},
	readings: map[string]reading{
		ModelErrorRatio:       shareOf(only(bifrostFailed), only(bifrostCalls)),
		ModelLatency:          quantileOf(only(bifrostDuration)),
		ModelTimeToFirstToken: quantileOf(only(bifrostFirst)),
		TimePerOutputToken:    quantileOf(only(bifrostPerOutput)),
		TokenRate:             rateOf(tokens(bifrostInput, bifrostOutput)),
		CostPerHour:           rateTimes(perHour, only(bifrostCost)),
		CostPerDay:            rateTimes(perDay, only(bifrostCost)),
		RequestsRunning:       gaugeOf(totalForm, only(bifrostRunning)),
	},
	lacking: map[string]string{
		QueueLength: noServer, QueueTime: noServer, CacheUsage: noServer, Preemptions: noServer,
		AnswerTruncatedRatio: noReasons, AnswerBlockedRatio: noReasons,
	},
}
