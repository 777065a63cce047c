package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// model is the dashboard of the models: how they answer, what they use and what that costs, of every source in the words of the
// signals; then what only the assistant knows.
func model() *dashboard.DashboardBuilder {
	d := newDashboard(ModelUID, "AI Model and Cost", "Calls, latency, tokens and cost of models, as the assistant, gateways and model servers tell of them. "+
		"OpenTelemetry and EnvoyAIGateway share some names: where one has them, choose it as the source.")
	withSourceScope(d)
	for _, figure := range modelFigures() {
		d.WithPanel(figure)
	}
	return d.
		WithRow(row("Calls and latency")).
		WithPanel(callsBySource("Calls")).
		WithPanel(bySource(signal.ModelErrorRatio, "Failed calls", vermillion)).
		WithPanel(bySource(signal.ModelLatency, "Call duration", purple)).
		WithPanel(bySource(signal.ModelTimeToFirstToken, "Time to first token", orange)).
		WithPanel(bySource(signal.TimePerOutputToken, "Time per output token", green)).
		WithRow(row("Tokens and cost")).
		WithPanel(bySource(signal.TokenRate, "Tokens", blue, "type")).
		WithPanel(bySource(signal.AnswerTruncatedRatio, "Truncated answers", orange)).
		WithPanel(bySource(signal.CostPerHour, "Cost per hour", vermillion)).
		WithPanel(bySource(signal.CostPerDay, "Cost of the last day", vermillion)).
		WithRow(row("Model servers")).
		WithPanel(bySource(signal.QueueLength, "Queue length", orange)).
		WithPanel(bySource(signal.QueueTime, "Time in the queue", orange)).
		WithPanel(bySource(signal.RequestsRunning, "Running requests", blue)).
		WithPanel(bySource(signal.CacheUsage, "KV cache usage", purple)).
		WithPanel(bySource(signal.Preemptions, "Preemptions", vermillion)).
		WithRow(row("The assistant's calls")).
		WithPanel(perSecond(metric.ModelCalls, "status", "Calls by outcome", units.RequestsPerSecond, blue)).
		WithPanel(perSecond(metric.ModelErrors, "error_type", "Failed calls by kind", units.CountsPerSecond, vermillion)).
		WithPanel(perSecond(metric.FinishReasons, "reason", "How answers end", units.CountsPerSecond, green)).
		WithPanel(perSecond(metric.UpstreamAttempts, "code", "Attempts at the model's API", units.RequestsPerSecond, skyBlue)).
		WithPanel(durations(metric.ModelDuration, "Call durations", "How many calls took how long.")).
		WithPanel(perSecond(metric.TokenDetails, "type", "Special tokens", tokensPerSecond, skyBlue)).
		WithRow(row("The assistant's clients")).
		WithPanel(perSecond(metric.ClientCalls, "client", "Calls by client", units.RequestsPerSecond, blue)).
		WithPanel(perSecond(metric.ClientTokens, "client", "Tokens by client", tokensPerSecond, skyBlue)).
		WithPanel(perSecond(metric.ClientCalls, "client, status", "Calls by client and outcome", units.RequestsPerSecond, orange)).
		WithPanel(clientCostPerDay()).
		WithRow(row("The assistant's accounting")).
		WithPanel(perSecond(metric.UsageRecords, "source", "Where usage comes from", units.CountsPerSecond, green)).
		WithPanel(perSecond(metric.CostLookups, "status", "Priced and unpriced calls", units.CountsPerSecond, orange)).
		WithPanel(accountingGap())
}

// perSecond draws a counter's increase per second, told apart by labels.
func perSecond(m metric.Metric, labels, title, unit, colour string) *timeseries.PanelBuilder {
	return stacked(timePanel(title, m.Help, unit, colour)).
		WithTarget(query(legend(labels), "%s", rateBy(m, labels, scopeOf(m))))
}

func clientCostPerDay() *timeseries.PanelBuilder {
	const day = "US dollars of the 24 hours before, by the name of the client's key. A model without a price is not in it."
	return stacked(timePanel("Cost of the last day by client", day, units.Dollars, vermillion)).
		WithTarget(query("{{client}}", "sum by (client) (increase(%s{%s}[1d]))", metric.ClientCost.Name, modelScope))
}

// accountingGap draws the calls without a usage record. Every call ends in exactly one, so it stays at zero.
func accountingGap() *timeseries.PanelBuilder {
	return timePanel("Accounting gap", "Model calls without a usage record; a few for the blink of a scrape, more are a fault of the assistant.",
		units.Short, purple).
		WithTarget(query("{{model}}", "sum by (model) (%s{%s}) - sum by (model) (%s{%s})",
			metric.ModelCalls.Name, modelScope, metric.UsageRecords.Name, modelScope))
}
