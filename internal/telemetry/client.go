package telemetry

import (
	"context"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/clientkeys"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/price"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// CountClients counts model calls by client, too. It asks names for those of all clients at each scrape; a name that is
// gone keeps its series until a restart.
func (r *Recorder) CountClients(names func() []string) {
	r.clients = &clientMetrics{
		calls: counter(metric.ClientCalls), tokens: counter(metric.ClientTokens),
		cost:   description(metric.ClientCost, metric.Counter),
		models: r.models, prices: r.prices, names: names,
		usage: map[clientModel]*pricedUsage{}, started: map[string]bool{},
	}
	r.registry.MustRegister(r.clients)
}

// clientMetrics are the metrics of clients. They are one collector, so that a new client's series start at zero.
type clientMetrics struct {
	calls, tokens *prometheus.CounterVec
	cost          *prometheus.Desc
	models        []string
	prices        price.Table
	names         func() []string

	mu      sync.RWMutex
	usage   map[clientModel]*pricedUsage // only of models with a price
	started map[string]bool              // clients whose series have started
}

type clientModel struct{ client, model string }

// addCall counts a call of the context's client. A call without a client is not counted.
func (m *clientMetrics) addCall(ctx context.Context, e prometheus.Labels, model, status string, u assistant.Usage) {
	if m == nil {
		return
	}
	client := clientkeys.NameOf(ctx)
	if client == "" {
		return
	}
	m.initSeries(client)
	addValue(e, m.calls.WithLabelValues(client, model, status), 1)
	if u.Source == assistant.UsageUnknown {
		return
	}
	addValue(e, m.tokens.WithLabelValues(client, model, metric.TokenPrompt), float64(u.PromptTokens))
	addValue(e, m.tokens.WithLabelValues(client, model, metric.TokenCompletion), float64(u.CompletionTokens))
	m.mu.RLock()
	priced := m.usage[clientModel{client, model}]
	m.mu.RUnlock()
	if priced != nil {
		priced.add(u)
	}
}

// initSeries starts every series of a client at zero, unless they have started.
func (m *clientMetrics) initSeries(client string) {
	m.mu.RLock()
	started := m.started[client]
	m.mu.RUnlock()
	if started {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.started[client] {
		return
	}
	m.started[client] = true
	for _, model := range m.models {
		for _, status := range []string{metric.StatusSuccess, metric.StatusError} {
			m.calls.WithLabelValues(client, model, status)
		}
		for _, kind := range []string{metric.TokenPrompt, metric.TokenCompletion} {
			m.tokens.WithLabelValues(client, model, kind)
		}
		if p, ok := m.prices.Of(model); ok {
			m.usage[clientModel{client, model}] = &pricedUsage{price: p}
		}
	}
}

// Describe sends the metrics' descriptions.
func (m *clientMetrics) Describe(out chan<- *prometheus.Desc) {
	m.calls.Describe(out)
	m.tokens.Describe(out)
	out <- m.cost
}

// Collect sends the metrics of all clients, also of those that have not called yet.
func (m *clientMetrics) Collect(out chan<- prometheus.Metric) {
	for _, name := range m.names() {
		m.initSeries(name)
	}
	m.calls.Collect(out)
	m.tokens.Collect(out)
	m.mu.RLock()
	defer m.mu.RUnlock()
	for of, u := range m.usage {
		usd := u.price.PromptUSD(u.uncached.Load(), u.cached.Load()) + u.price.CompletionUSD(u.completion.Load())
		out <- prometheus.MustNewConstMetric(m.cost, prometheus.CounterValue, usd, of.client, of.model)
	}
}
