package telemetry

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// GenAINames says under which names of OpenTelemetry's GenAI conventions model calls are counted, too.
type GenAINames string

const (
	// GenAIOff is for neither.
	GenAIOff GenAINames = "off"
	// GenAIOld is for the names up to version 1.41 of the semantic conventions.
	GenAIOld GenAINames = "old"
	// GenAINew is for the names since version 0.1.0 of the GenAI conventions.
	GenAINew GenAINames = "new"
	// GenAIBoth is for both.
	GenAIBoth GenAINames = "both"
)

// ParseGenAINames reads a GenAINames.
func ParseGenAINames(s string) (GenAINames, error) {
	switch n := GenAINames(s); n {
	case GenAIOff, GenAIOld, GenAINew, GenAIBoth:
		return n, nil
	default:
		return "", fmt.Errorf("unknown GenAI metrics %q: must be off, old, new or both", s)
	}
}

// genAIMetrics are OpenTelemetry's metrics of GenAI clients; nil for none. What both generations have is a list, of one
// histogram a generation.
type genAIMetrics struct {
	durations, firstChunks, perChunk []*prometheus.HistogramVec

	tokenUsage                       *prometheus.HistogramVec // old
	input, output, cached, reasoning *prometheus.CounterVec   // new
	inputPerCall, outputPerCall      *prometheus.HistogramVec // new
}

func newGenAIMetrics(names GenAINames, registry prometheus.Registerer) *genAIMetrics {
	if names == GenAIOff || names == "" {
		return nil
	}
	m := &genAIMetrics{}
	addDurations := func(duration, firstChunk, perChunk metric.Metric) {
		m.durations = append(m.durations, histogram(duration))
		m.firstChunks = append(m.firstChunks, histogram(firstChunk))
		m.perChunk = append(m.perChunk, histogram(perChunk))
	}
	if names != GenAINew {
		addDurations(metric.GenAIOperationDuration, metric.GenAIOperationFirst, metric.GenAIOperationPerChunk)
		m.tokenUsage = histogram(metric.GenAITokenUsage)
		registry.MustRegister(m.tokenUsage)
	}
	if names != GenAIOld {
		addDurations(metric.GenAIInferenceDuration, metric.GenAIInferenceFirst, metric.GenAIInferencePerChunk)
		m.input, m.output = counter(metric.GenAIInputTokens), counter(metric.GenAIOutputTokens)
		m.cached, m.reasoning = counter(metric.GenAICachedTokens), counter(metric.GenAIReasoningTokens)
		m.inputPerCall, m.outputPerCall = histogram(metric.GenAIInputPerCall), histogram(metric.GenAIOutputPerCall)
		registry.MustRegister(m.input, m.output, m.cached, m.reasoning, m.inputPerCall, m.outputPerCall)
	}
	for _, vectors := range [][]*prometheus.HistogramVec{m.durations, m.firstChunks, m.perChunk} {
		for _, v := range vectors {
			registry.MustRegister(v)
		}
	}
	return m
}

// initSeries starts the series of a model at zero, those of errors too.
func (m *genAIMetrics) initSeries(model string, p provider) {
	if m == nil {
		return
	}
	for _, v := range m.durations {
		v.WithLabelValues(p.operation, p.name, model, "")
		for _, kind := range assistant.ModelKinds() {
			v.WithLabelValues(p.operation, p.name, model, string(kind))
		}
	}
	m.addTokens(nil, model, p, nil)
	m.perChunkOf(model, p)
	for _, v := range m.firstChunks {
		v.WithLabelValues(p.operation, p.name, model)
	}
}

// perChunkOf returns a function that records the time between two chunks; nil without metrics.
func (m *genAIMetrics) perChunkOf(model string, p provider) func(time.Duration) {
	if m == nil {
		return nil
	}
	var to []prometheus.Observer
	for _, v := range m.perChunk {
		to = append(to, v.WithLabelValues(p.operation, p.name, model))
	}
	return func(d time.Duration) {
		for _, o := range to {
			o.Observe(d.Seconds())
		}
	}
}

// addCall records a call that has ended.
func (m *genAIMetrics) addCall(e prometheus.Labels, model string, c Call) {
	if m == nil {
		return
	}
	kind := ""
	if c.Err != nil {
		kind = string(assistant.KindOf(c.Err))
	}
	for _, v := range m.durations {
		recordValue(e, v.WithLabelValues(c.provider.operation, c.provider.name, model, kind), c.Elapsed.Seconds())
	}
	if c.Parts > 0 {
		for _, v := range m.firstChunks {
			recordValue(e, v.WithLabelValues(c.provider.operation, c.provider.name, model), c.FirstText.Seconds())
		}
	}
	if c.Usage.Source != assistant.UsageUnknown {
		m.addTokens(e, model, c.provider, &c.Usage)
	}
}

// addTokens records a call's tokens; without a usage it only starts the series.
func (m *genAIMetrics) addTokens(e prometheus.Labels, model string, p provider, u *assistant.Usage) {
	add := func(v *prometheus.CounterVec, tokens func(*assistant.Usage) int) {
		if c := v.WithLabelValues(p.operation, p.name, model, metric.GenAIText); u != nil {
			addValue(e, c, float64(tokens(u)))
		}
	}
	record := func(v *prometheus.HistogramVec, tokens func(*assistant.Usage) int, labels ...string) {
		if o := v.WithLabelValues(append([]string{p.operation, p.name, model}, labels...)...); u != nil {
			recordValue(e, o, float64(tokens(u)))
		}
	}
	prompt := func(u *assistant.Usage) int { return u.PromptTokens }
	completion := func(u *assistant.Usage) int { return u.CompletionTokens }
	if m.tokenUsage != nil {
		record(m.tokenUsage, prompt, metric.GenAIInput)
		record(m.tokenUsage, completion, metric.GenAIOutput)
	}
	if m.input != nil {
		add(m.input, prompt)
		add(m.output, completion)
		add(m.cached, func(u *assistant.Usage) int { return u.CachedTokens })
		add(m.reasoning, func(u *assistant.Usage) int { return u.ThinkingTokens })
		record(m.inputPerCall, prompt)
		record(m.outputPerCall, completion)
	}
}
