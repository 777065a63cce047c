package stats

import (
	"strconv"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Report is the statistics of a range of time. Durations are in seconds; what is unknown is null.
type Report struct {
	Timestamp string `json:"timestamp"`
	// From (exclusive) and To bound the lines that were counted; From is null without a bound.
	From     *string      `json:"from"`
	To       string       `json:"to"`
	Errors   ErrorStats   `json:"errors"`
	Requests RequestStats `json:"requests"`
	Model    ModelStats   `json:"model"`
	// Advice is empty if all is well.
	Advice []Advice `json:"advice"`
}

// ErrorStats are of failed requests, each counted once at whatever level: errors_total without endpoint="ai_model". A
// failed model call fails its request, and is counted by itself in ModelStats only.
type ErrorStats struct {
	Total uint64            `json:"total_errors"`
	Types map[string]uint64 `json:"error_types"`
	// Other are lines at level ERROR that are no event, which errors_total does not count.
	Other uint64 `json:"other_errors"`
	// Recent are the last lines at level ERROR; a request that its model call failed has one.
	Recent []RecentError `json:"recent_errors"`
}

// RequestStats are of requests that have ended.
type RequestStats struct {
	Total       uint64   `json:"total_requests"`
	AvgDuration float64  `json:"avg_duration"`
	P50         *float64 `json:"p50_duration"`
	P95         *float64 `json:"p95_duration"`
	P99         *float64 `json:"p99_duration"`
	Max         float64  `json:"max_duration"`
	// ErrorPercent is the percentage of requests with a status of 5xx.
	ErrorPercent *float64          `json:"error_percent"`
	Endpoints    map[string]uint64 `json:"endpoints"`
	// Statuses count by class: 2xx, 4xx.
	Statuses map[string]uint64 `json:"statuses"`
}

// ModelStats are of model calls, by model; the quantiles are of all models.
type ModelStats struct {
	// Calls are by model and status, Tokens by model and type, as in the metrics: a failed call has tokens too.
	Calls       map[string]map[string]uint64  `json:"total_calls"`
	AvgDuration map[string]float64            `json:"avg_duration"`
	Tokens      map[string]map[string]float64 `json:"total_tokens"`
	P50         *float64                      `json:"p50_duration"`
	P95         *float64                      `json:"p95_duration"`
	P99         *float64                      `json:"p99_duration"`
	// ErrorPercent is the percentage of failed calls, without those whose client disconnected.
	ErrorPercent *float64 `json:"error_percent"`
	// ErrorTypes are of failed calls: errors_total with endpoint="ai_model".
	ErrorTypes map[string]uint64 `json:"error_types"`
}

// Report returns the totals as those of lines after from and not after to; a zero from is no bound.
func (t *Totals) Report(recent *Recent, from, to time.Time) Report {
	r := Report{
		Timestamp: logs.Timestamp(time.Now()), To: logs.Timestamp(to),
		Errors: ErrorStats{Total: t.errors, Types: t.errorTypes.byName(), Other: t.otherErrors, Recent: recent.since(from)},
		Requests: RequestStats{
			Total: t.requests, AvgDuration: t.requestDurations.mean(), Max: t.requestDurations.max.Seconds(),
			P50: t.requestDurations.quantile(0.5), P95: t.requestDurations.quantile(0.95), P99: t.requestDurations.quantile(0.99),
			ErrorPercent: percent(t.failed, t.requests),
			Endpoints:    t.endpoints.byName(), Statuses: map[string]uint64{},
		},
		Model: t.modelStats(),
	}
	if !from.IsZero() {
		text := logs.Timestamp(from)
		r.From = &text
	}
	for statusClass, n := range t.classes {
		if n > 0 {
			r.Requests.Statuses[strconv.Itoa(statusClass)+"xx"] = n
		}
	}
	r.Advice = t.advice()
	return r
}

func (t *Totals) modelStats() ModelStats {
	calls, errors := t.callErrors()
	s := ModelStats{
		Calls: map[string]map[string]uint64{}, AvgDuration: map[string]float64{}, Tokens: map[string]map[string]float64{},
		P50: t.callDurations.quantile(0.5), P95: t.callDurations.quantile(0.95), P99: t.callDurations.quantile(0.99),
		ErrorPercent: percent(errors, calls), ErrorTypes: t.callErrorTypes.byName(),
	}
	for i := range t.models {
		m := &t.models[i]
		s.Calls[m.name] = map[string]uint64{metric.StatusSuccess: m.succeeded, metric.StatusError: m.failed}
		s.Tokens[m.name] = map[string]float64{metric.TokenPrompt: m.prompt, metric.TokenCompletion: m.completion}
		s.AvgDuration[m.name] = 0
		if m.timed > 0 {
			s.AvgDuration[m.name] = m.sum.Seconds() / float64(m.timed)
		}
	}
	return s
}

// percent is a part of a whole; nil if the whole is 0.
func percent(numerator, denominator uint64) *float64 {
	if denominator == 0 {
		return nil
	}
	p := 100 * float64(numerator) / float64(denominator)
	return &p
}
