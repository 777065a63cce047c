package signal

import "github.com/plimsoll-dev/plimsoll/internal/metric"

// noQueue says why the assistant lacks what a model's server has.
const noQueue = "the assistant calls a model's API and cannot see its queue or cache; name the source of the model's server, such as VLLM"

// plimsoll reads the metric contract of the assistant.
var plimsoll = emitter{
	source: Plimsoll,
	own:    []string{"ai_"},
	readings: map[string]reading{
		HTTPErrorRate:         rateOf(only(metric.Errors)),
		HTTPErrorRatio:        shareOf(only(metric.HTTPRequests, like("status", "5..")), only(metric.HTTPRequests)),
		HTTPLatency:           quantileOf(only(metric.HTTPRequestDuration)),
		HTTPRequestRate:       rateOf(only(metric.HTTPRequests)),
		ModelErrorRatio:       shareOf(only(metric.ModelCalls, is("status", metric.StatusError)), only(metric.ModelCalls)),
		ModelLatency:          quantileOf(only(metric.ModelDuration)),
		ModelTimeToFirstToken: quantileOf(only(metric.TimeToFirstToken)),
		TokenRate:             rateOf(only(metric.TokensUsed)),
		CostPerHour:           rateTimes(perHour, only(metric.Cost)),
		CostPerDay:            rateTimes(perDay, only(metric.Cost)),
		ActiveSessions:        gaugeOf(greatestForm, only(metric.ActiveSessions)),
		CPU:                   gaugeOf(greatestForm, only(metric.CPUUsage)),
		Memory:                gaugeOf(greatestForm, only(metric.MemoryUsage)),
		Disk:                  gaugeOf(greatestForm, only(metric.DiskUsage)),
		Availability:          {form: meanForm, of: only(metric.Up)},
		TimePerOutputToken:    quantileOf(only(metric.TimePerOutputToken)),
		RequestsRunning:       gaugeOf(totalForm, only(metric.RequestsInFlight)),
		AnswerTruncatedRatio:  shareOf(only(metric.FinishReasons, is("reason", "length")), only(metric.FinishReasons)),
		AnswerBlockedRatio:    shareOf(only(metric.FinishReasons, is("reason", "blocked")), only(metric.FinishReasons)),
	},
	lacking: map[string]string{
		QueueLength: noQueue, QueueTime: noQueue, CacheUsage: noQueue, Preemptions: noQueue,
	},
}

// Seconds in an hour and in a day.
const (
	perHour = "3600"
	perDay  = "86400"
)
