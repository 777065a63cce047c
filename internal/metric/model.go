package metric

import (
	"slices"
	"strconv"
)

// Values of the labels of the metrics below.
const (
	// TokenCached and TokenThinking are the types of ai_token_details_total.
	TokenCached   = "cached"
	TokenThinking = "thinking"

	// LookupPriced and LookupUnpriced are the statuses of ai_cost_lookups_total.
	LookupPriced   = "priced"
	LookupUnpriced = "unpriced"

	// AttemptError is the code of an attempt without a response.
	AttemptError = "error"
)

// Further metrics of model calls.
var (
	TimeToFirstToken = Metric{
		Name: "ai_time_to_first_token_seconds", Type: Histogram, Unit: Seconds, Labels: []string{"model"},
		Buckets: []float64{0.05, 0.1, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 5, 7.5, 10, 30, 60},
		Help:    "Time from a model call's start to the first text of its answer, in seconds; calls without any are not in it.",
	}
	TimePerOutputToken = Metric{
		Name: "ai_time_per_output_token_seconds", Type: Histogram, Unit: Seconds, Labels: []string{"model"},
		Buckets: []float64{0.001, 0.0025, 0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1},
		Help: "Time from the first text of a complete answer to its last, divided by its tokens but one, in seconds; " +
			"thinking is not counted, and answers in one piece are not in it.",
	}
	RequestsInFlight = Metric{
		Name: "ai_requests_in_flight", Type: Gauge, Labels: []string{"model"},
		Help: "Model calls that have begun and not ended.",
	}
	ModelErrors = Metric{
		Name: "ai_model_errors_total", Type: Counter, Labels: []string{"model", "error_type"},
		Help: "Total failed AI model API calls by kind of error.",
	}
	UpstreamAttempts = Metric{
		Name: "ai_upstream_attempts_total", Type: Counter, Labels: []string{"model", "code"},
		Help: "Total HTTP requests sent to the model's API, retries included; code is the HTTP status, error if none came, " +
			"other if it is an unusual one.",
	}
	FinishReasons = Metric{
		Name: "ai_finish_reasons_total", Type: Counter, Labels: []string{"model", "reason"},
		Help: "Total answers that came to an end, by reason: stop, length, blocked or other.",
	}
	TokenDetails = Metric{
		Name: "ai_token_details_total", Type: Counter, Labels: []string{"model", "type"},
		Help: "Tokens of ai_tokens_used_total that were special: cached ones of the prompt's, thinking ones of the " +
			"completion's. Subsets, not to be added.",
	}
	Cost = Metric{
		Name: "ai_cost_usd_total", Type: Counter, Unit: USD, Labels: []string{"model", "type"},
		Help: "Cost of the tokens used in US dollars, by the price file; absent for a model that has no price there. " +
			"type is prompt or completion.",
	}
	CostLookups = Metric{
		Name: "ai_cost_lookups_total", Type: Counter, Labels: []string{"model", "status"},
		Help: "Model calls whose usage is known, by whether the model has a price: priced or unpriced.",
	}
	UsageRecords = Metric{
		Name: "ai_usage_records_total", Type: Counter, Labels: []string{"model", "source"},
		Help: "Model calls by where their usage comes from: reported, estimated or unknown. The sum is that of " +
			"ai_model_calls_total.",
	}
)

// Model returns the further metrics of model calls.
func Model() []Metric {
	return []Metric{
		TimeToFirstToken, TimePerOutputToken, RequestsInFlight, ModelErrors, UpstreamAttempts, FinishReasons,
		TokenDetails, Cost, CostLookups, UsageRecords,
	}
}

// attemptCodes are the HTTP statuses that Gemini and proxies are known to send.
var attemptCodes = []int{200, 400, 401, 403, 404, 408, 413, 429, 499, 500, 501, 502, 503, 504}

// AttemptCodes returns every value of the code label of UpstreamAttempts.
func AttemptCodes() []string {
	out := []string{AttemptError, Other}
	for _, code := range attemptCodes {
		out = append(out, strconv.Itoa(code))
	}
	return out
}

// AttemptCode returns the code label of an attempt with an HTTP status, 0 without a response.
func AttemptCode(status int) string {
	switch {
	case status == 0:
		return AttemptError
	case slices.Contains(attemptCodes, status):
		return strconv.Itoa(status)
	default:
		return Other
	}
}
