package telemetry

import (
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/price"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// costs collects the cost of tokens. It counts tokens and multiplies at scrape time: a sum of amounts would drift from
// them. A model without a price has no cost, not one of zero.
type costs struct {
	desc   *prometheus.Desc
	models map[string]*pricedUsage // by model; only those with a price
}

// pricedUsage is the usage of a model with a price, in tokens. Prompt tokens are either uncached or cached, so that no sum
// ever decreases, which Prometheus would take for a restart.
type pricedUsage struct {
	price                        price.Price
	uncached, cached, completion atomic.Int64
}

func newCosts(models []string, prices price.Table) *costs {
	c := &costs{desc: description(metric.Cost, metric.Counter), models: map[string]*pricedUsage{}}
	for _, model := range models {
		if p, ok := prices.Of(model); ok {
			c.models[model] = &pricedUsage{price: p}
		}
	}
	return c
}

// addTokens adds a call's tokens and returns the status of the price lookup.
func (c *costs) addTokens(model string, u assistant.Usage) string {
	a, ok := c.models[model]
	if !ok {
		return metric.LookupUnpriced
	}
	a.add(u)
	return metric.LookupPriced
}

// add adds a call's tokens.
func (a *pricedUsage) add(u assistant.Usage) {
	a.uncached.Add(int64(u.PromptTokens - u.CachedTokens))
	a.cached.Add(int64(u.CachedTokens))
	a.completion.Add(int64(u.CompletionTokens))
}

// Describe sends the metric's description.
func (c *costs) Describe(out chan<- *prometheus.Desc) { out <- c.desc }

// Collect sends the costs.
func (c *costs) Collect(out chan<- prometheus.Metric) {
	send := func(usd float64, model, kind string) {
		out <- prometheus.MustNewConstMetric(c.desc, prometheus.CounterValue, usd, model, kind)
	}
	for model, a := range c.models {
		send(a.price.PromptUSD(a.uncached.Load(), a.cached.Load()), model, metric.TokenPrompt)
		send(a.price.CompletionUSD(a.completion.Load()), model, metric.TokenCompletion)
	}
}
