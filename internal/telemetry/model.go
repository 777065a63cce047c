package telemetry

import (
	"context"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/price"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Call is a model call that has ended.
type Call struct {
	Model string
	// Elapsed is the duration of the call, FirstText and LastText the times from its start to the first and last text.
	Elapsed, FirstText, LastText time.Duration
	// Parts is the number of pieces of the text. Without any, FirstText and LastText mean nothing.
	Parts  int
	Finish assistant.Finish
	// Usage has a source, set by assistant.SettleUsage.
	Usage assistant.Usage
	// Err is the error of the call; nil for a success.
	Err error

	provider provider
}

// modelMetrics are the metrics of model calls.
type modelMetrics struct {
	calls, tokens, details, errors, attempts, finishes, lookups, usage *prometheus.CounterVec

	duration, firstToken, perToken *prometheus.HistogramVec
	inFlight                       *prometheus.GaugeVec
	costs                          *costs
}

func newModelMetrics(models []string, prices price.Table) *modelMetrics {
	m := &modelMetrics{
		calls: counter(metric.ModelCalls), tokens: counter(metric.TokensUsed), details: counter(metric.TokenDetails),
		errors: counter(metric.ModelErrors), attempts: counter(metric.UpstreamAttempts),
		finishes: counter(metric.FinishReasons), lookups: counter(metric.CostLookups), usage: counter(metric.UsageRecords),
		duration: histogram(metric.ModelDuration), firstToken: histogram(metric.TimeToFirstToken),
		perToken: histogram(metric.TimePerOutputToken), inFlight: gaugeVec(metric.RequestsInFlight),
		costs: newCosts(models, prices),
	}
	for _, model := range models {
		m.initSeries(model)
	}
	return m
}

// collectors returns all of them, to register.
func (m *modelMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		m.calls, m.tokens, m.details, m.errors, m.attempts, m.finishes, m.lookups, m.usage,
		m.duration, m.firstToken, m.perToken, m.inFlight, m.costs,
	}
}

// initSeries starts every series that a model can have at zero.
func (m *modelMetrics) initSeries(model string) {
	for vec, values := range map[*prometheus.CounterVec][]string{
		m.calls:    {metric.StatusSuccess, metric.StatusError},
		m.tokens:   {metric.TokenPrompt, metric.TokenCompletion},
		m.details:  {metric.TokenCached, metric.TokenThinking},
		m.errors:   toStrings(assistant.ModelKinds()),
		m.attempts: metric.AttemptCodes(),
		m.finishes: toStrings(assistant.Finishes()),
		m.lookups:  {metric.LookupPriced, metric.LookupUnpriced},
		m.usage:    toStrings(assistant.UsageSources()),
	} {
		for _, value := range values {
			vec.WithLabelValues(model, value)
		}
	}
	for _, vec := range []*prometheus.HistogramVec{m.duration, m.firstToken, m.perToken} {
		vec.WithLabelValues(model)
	}
	m.inFlight.WithLabelValues(model)
}

func toStrings[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}

// ModelCall records a call that has ended. The usage of a failed one counts too.
func (r *Recorder) ModelCall(ctx context.Context, c Call) {
	m, model, status, e := r.model, r.modelLabel(c.Model), metric.StatusSuccess, exemplar(ctx)
	if c.Err != nil {
		kind := assistant.KindOf(c.Err)
		status = metric.StatusError
		addValue(e, m.errors.WithLabelValues(model, string(kind)), 1)
		r.Error(kind, metric.EndpointModel)
	}
	addValue(e, m.calls.WithLabelValues(model, status), 1)
	addValue(e, m.usage.WithLabelValues(model, string(c.Usage.Source)), 1)
	if c.Finish != "" {
		addValue(e, m.finishes.WithLabelValues(model, string(c.Finish)), 1)
	}
	r.genAI.addCall(e, model, c)
	r.clients.addCall(ctx, e, model, status, c.Usage)
	m.recordDurations(e, model, c)
	if c.Usage.Source != assistant.UsageUnknown {
		m.addUsage(e, model, c.Usage)
	}
}

func (m *modelMetrics) recordDurations(e prometheus.Labels, model string, c Call) {
	recordValue(e, m.duration.WithLabelValues(model), c.Elapsed.Seconds())
	if c.Parts == 0 {
		return
	}
	recordValue(e, m.firstToken.WithLabelValues(model), c.FirstText.Seconds())
	// Thinking comes before the first text, so its tokens are not part of this time.
	tokens := c.Usage.CompletionTokens - c.Usage.ThinkingTokens
	if c.Err == nil && c.Parts > 1 && tokens > 1 {
		recordValue(e, m.perToken.WithLabelValues(model), (c.LastText-c.FirstText).Seconds()/float64(tokens-1))
	}
}

func (m *modelMetrics) addUsage(e prometheus.Labels, model string, u assistant.Usage) {
	addValue(e, m.tokens.WithLabelValues(model, metric.TokenPrompt), float64(u.PromptTokens))
	addValue(e, m.tokens.WithLabelValues(model, metric.TokenCompletion), float64(u.CompletionTokens))
	addValue(e, m.details.WithLabelValues(model, metric.TokenCached), float64(u.CachedTokens))
	addValue(e, m.details.WithLabelValues(model, metric.TokenThinking), float64(u.ThinkingTokens))
	addValue(e, m.lookups.WithLabelValues(model, m.costs.addTokens(model, u)), 1)
}

// Attempt counts an HTTP request to the model's API by its status, 0 without a response.
func (r *Recorder) Attempt(ctx context.Context, model string, status int) {
	addValue(exemplar(ctx), r.model.attempts.WithLabelValues(r.modelLabel(model), metric.AttemptCode(status)), 1)
}

func (r *Recorder) modelLabel(model string) string {
	if slices.Contains(r.models, model) {
		return model
	}
	return metric.Other
}
