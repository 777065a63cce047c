package signal

import "slices"

// Read from agentgateway v1.4: crates/agentgateway/src/telemetry/metrics.rs. Its histograms of seconds have no such suffix.
var (
	agentRoute  = []string{"bind", "gateway", "listener", "route", "route_rule"}
	agentLabels = slices.Concat([]string{labelOperation, "gen_ai_system", labelRequest, labelResponse}, agentRoute)

	agentDuration  = seconds("agentgateway_gen_ai_server_request_duration", durationBounds, agentLabels...)
	agentFirst     = seconds("agentgateway_gen_ai_server_time_to_first_token", firstBounds, agentLabels...)
	agentPerOutput = seconds("agentgateway_gen_ai_server_time_per_output_token", slices.Concat([]float64{0.001}, perTokenBounds), agentLabels...)
	agentTokens    = histogram("agentgateway_gen_ai_client_token_usage", slices.Concat(agentLabels, []string{labelToken})...)
	agentCost      = counter("agentgateway_gen_ai_client_cost_usd_total", agentLabels...)
	// agentRequests counts requests of every protocol, without the model.
	agentRequests = counter("agentgateway_requests_total",
		slices.Concat([]string{"backend", "protocol", "method", "status", "reason"}, agentRoute)...)
)

var agentCalls = only(agentRequests, is("protocol", "llm"))

// agentgateway reads agentgateway. Failures are told by the status of requests, for its gen_ai metrics have no error.
var agentgateway = emitter{
	source: Agentgateway,
	own:    []string{"agentgateway_"},
	words:  genAIWords,
	readings: map[string]reading{
		ModelErrorRatio:       shareOf(pick(agentCalls, like("status", "5..|429")), agentCalls),
		ModelLatency:          quantileOf(only(agentDuration)),
		ModelTimeToFirstToken: quantileOf(only(agentFirst)),
		TimePerOutputToken:    quantileOf(only(agentPerOutput)),
		TokenRate:             rateOf(sumOf(agentTokens, wholeTokens)),
		CostPerHour:           rateTimes(perHour, only(agentCost)),
		CostPerDay:            rateTimes(perDay, only(agentCost)),
		AnswerBlockedRatio:    shareOf(pick(agentCalls, is("reason", "Guardrail")), agentCalls),
	},
	lacking: map[string]string{
		QueueLength: noServer, QueueTime: noServer, RequestsRunning: noServer, CacheUsage: noServer, Preemptions: noServer,
		AnswerTruncatedRatio: noReasons,
	},
}
