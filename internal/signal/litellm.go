package signal

import "slices"

// Read from BerriAI/litellm ed19250: litellm/types/integrations/prometheus.py; names as scraped in tests/otel_tests.
var (
	liteClient     = []string{"end_user", "hashed_api_key", "api_key_alias", "team", "team_alias", "user"}
	liteModels     = slices.Concat([]string{"requested_model", "model", "model_id"}, liteClient)
	liteDeployment = []string{"litellm_model_name", "model_id", "api_base", "api_provider", "hashed_api_key", "api_key_alias", "team", "team_alias"}
	liteProxy      = slices.Concat([]string{"requested_model", "model_id", "user_email", "route", "client_ip", "user_agent"}, liteClient)

	liteBounds = []float64{
		0.005, 0.00625, 0.0125, 0.025, 0.05, 0.1, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 8.5, 9, 9.5, 10,
		15, 20, 25, 30, 60, 120, 180, 240, 300,
	}

	liteDuration  = seconds("litellm_llm_api_latency_metric", liteBounds, liteModels...)
	liteFirst     = seconds("litellm_llm_api_time_to_first_token_metric", liteBounds, liteModels...)
	litePerOutput = seconds("litellm_deployment_latency_per_output_token", liteBounds, liteDeployment...)
	liteQueue     = seconds("litellm_request_queue_time_seconds", liteBounds, liteModels...)
	liteInput     = counter("litellm_input_tokens_metric_total", slices.Concat(liteModels, []string{"user_email"})...)
	liteOutput    = counter("litellm_output_tokens_metric_total", slices.Concat(liteModels, []string{"user_email"})...)
	// liteCost names the model that answered only.
	liteCost   = counter("litellm_spend_metric_total", slices.Concat([]string{"model", "model_id", "user_email", "client_ip", "user_agent"}, liteClient)...)
	liteCalls  = counter("litellm_proxy_total_requests_metric_total", slices.Concat(liteProxy, []string{"status_code"})...)
	liteFailed = counter("litellm_proxy_failed_requests_metric_total",
		slices.Concat(liteProxy, []string{"exception_status", "exception_class"})...)
)

// liteLLM reads the LiteLLM proxy. The model is the one that was asked for, where the metric knows it.
var liteLLM = emitter{
	source: LiteLLM,
	own:    []string{"litellm_"},
	words: []word{
		{name: "model", labels: []string{"requested_model", "model", "litellm_model_name"}},
		{name: "response_model", labels: []string{"model", "litellm_model_name"}},
		{name: "provider", labels: []string{"api_provider"}},
		{name: typeWord},
	},
	readings: map[string]reading{
		ModelErrorRatio:       shareOf(only(liteFailed), only(liteCalls)),
		ModelLatency:          quantileOf(only(liteDuration)),
		ModelTimeToFirstToken: quantileOf(only(liteFirst)),
		TimePerOutputToken:    quantileOf(only(litePerOutput)),
		TokenRate:             rateOf(tokens(liteInput, liteOutput)),
		CostPerHour:           rateTimes(perHour, only(liteCost)),
		CostPerDay:            rateTimes(perDay, only(liteCost)),
		QueueTime:             quantileOf(only(liteQueue)),
	},
	lacking: map[string]string{
		QueueLength: noServer, RequestsRunning: noServer, CacheUsage: noServer, Preemptions: noServer,
		AnswerTruncatedRatio: noReasons, AnswerBlockedRatio: noReasons,
	},
}
