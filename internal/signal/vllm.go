package signal

import "slices"

// Read from vllm-project/vllm f7e3a08 (V1): vllm/v1/metrics/loggers.py, docs/design/metrics.md.
var (
	vllmLabels = []string{"model_name", "engine"}

	vllmRequestBounds  = []float64{0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120, 240, 480, 960, 1920, 7680}
	vllmFirstBounds    = slices.Concat(firstBounds, []float64{20, 40, 80, 160, 640, 2560})
	vllmPerTokenBounds = slices.Concat(perTokenBounds, []float64{5, 7.5, 10, 20, 40, 80})

	vllmDuration  = seconds("vllm:e2e_request_latency_seconds", vllmRequestBounds, vllmLabels...)
	vllmFirst     = seconds("vllm:time_to_first_token_seconds", vllmFirstBounds, vllmLabels...)
	vllmPerOutput = seconds("vllm:request_time_per_output_token_seconds", vllmPerTokenBounds, vllmLabels...)
	// vllmPerOutputOld is what older versions have, and newer ones deprecate.
	vllmPerOutputOld = seconds("vllm:time_per_output_token_seconds", vllmPerTokenBounds, vllmLabels...)
	vllmQueueTime    = seconds("vllm:request_queue_time_seconds", vllmRequestBounds, vllmLabels...)
	vllmInput        = counter("vllm:prompt_tokens_total", vllmLabels...)
	vllmOutput       = counter("vllm:generation_tokens_total", vllmLabels...)
	vllmFinished     = counter("vllm:request_success_total", slices.Concat(vllmLabels, []string{"finished_reason"})...)
	vllmPreemptions  = counter("vllm:num_preemptions_total", vllmLabels...)
	vllmWaiting      = gauge("vllm:num_requests_waiting", vllmLabels...)
	vllmRunning      = gauge("vllm:num_requests_running", vllmLabels...)
	vllmCache        = gauge("vllm:kv_cache_usage_perc", vllmLabels...)
	vllmCacheOld     = gauge("vllm:gpu_cache_usage_perc", vllmLabels...)
	// vllmHTTP has no prefix and no model; status is 2xx, 4xx or 5xx.
	vllmHTTP = counter("http_requests_total", "handler", "method", "status")
)

// vllmCalls are those of the OpenAI API. The handler keeps them apart from others' metrics of that name.
var vllmCalls = only(vllmHTTP, like("handler", "/v1/.*"))

// vLLM reads vLLM. No counter of its own tells failures, so HTTP's does.
var vLLM = emitter{
	source: VLLM,
	words: []word{
		{name: "model", labels: []string{"model_name"}},
		{name: typeWord},
	},
	prefix: "vllm:",
	readings: map[string]reading{
		ModelErrorRatio:       shareOf(pick(vllmCalls, is("status", "5xx")), vllmCalls),
		ModelLatency:          quantileOf(only(vllmDuration)),
		ModelTimeToFirstToken: quantileOf(only(vllmFirst)),
		TimePerOutputToken:    quantileOf(then(only(vllmPerOutput), only(vllmPerOutputOld))),
		TokenRate:             rateOf(tokens(vllmInput, vllmOutput)),
		QueueLength:           gaugeOf(totalForm, only(vllmWaiting)),
		QueueTime:             quantileOf(only(vllmQueueTime)),
		RequestsRunning:       gaugeOf(totalForm, only(vllmRunning)),
		CacheUsage:            gaugeOf(greatestForm, then(only(vllmCache), only(vllmCacheOld))),
		Preemptions:           rateOf(only(vllmPreemptions)),
		AnswerTruncatedRatio:  shareOf(only(vllmFinished, is("finished_reason", "length")), only(vllmFinished)),
	},
	lacking: map[string]string{
		CostPerHour: noCost, CostPerDay: noCost,
		AnswerBlockedRatio: "it filters no content; name the source of the gateway before it, such as Agentgateway",
	},
}
