package dashboards

import (
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// model is the dashboard of the model behind the assistant: how it answers, what it uses and what that costs.
func model() *dashboard.DashboardBuilder {
	d := newDashboard(ModelUID, "AI Model and Cost", "Calls, latency, tokens and cost of the models behind an AI assistant.")
	return withModelScope(d).
		WithRow(row("Calls")).
		WithPanel(perSecond(metric.ModelCalls, "status", "Calls by outcome", units.RequestsPerSecond, blue)).
		WithPanel(perSecond(metric.ModelErrors, "error_type", "Failed calls by kind", units.CountsPerSecond, vermillion)).
		WithPanel(perSecond(metric.FinishReasons, "reason", "How answers end", units.CountsPerSecond, green)).
		WithPanel(perSecond(metric.UpstreamAttempts, "code", "Attempts at the model's API", units.RequestsPerSecond, skyBlue)).
		WithRow(row("Latency")).
		WithPanel(quantiles(metric.ModelDuration, "Call duration", metric.ModelDuration.Help, purple)).
		WithPanel(durations(metric.ModelDuration, "Call durations", "How many calls took how long.")).
		WithPanel(quantiles(metric.TimeToFirstToken, "Time to first token", metric.TimeToFirstToken.Help, orange)).
		WithPanel(quantiles(metric.TimePerOutputToken, "Time per output token", metric.TimePerOutputToken.Help, green)).
		WithRow(row("Tokens")).
		WithPanel(perSecond(metric.TokensUsed, "type", "Tokens", units.CountsPerSecond, blue)).
		WithPanel(perSecond(metric.TokenDetails, "type", "Special tokens", units.CountsPerSecond, skyBlue)).
		WithRow(row("Cost")).
		WithPanel(costPerHour()).
		WithPanel(costPerDay()).
		WithRow(row("Clients")).
		WithPanel(perSecond(metric.ClientCalls, "client", "Calls by client", units.RequestsPerSecond, blue)).
		WithPanel(perSecond(metric.ClientTokens, "client", "Tokens by client", units.CountsPerSecond, skyBlue)).
		WithPanel(perSecond(metric.ClientCalls, "client, status", "Calls by client and outcome", units.RequestsPerSecond, orange)).
		WithPanel(clientCostPerDay()).
		WithRow(row("Accounting")).
		WithPanel(perSecond(metric.UsageRecords, "source", "Where usage comes from", units.CountsPerSecond, green)).
		WithPanel(perSecond(metric.CostLookups, "status", "Priced and unpriced calls", units.CountsPerSecond, orange)).
		WithPanel(accountingGap())
}

// perSecond draws a counter's increase per second, told apart by labels.
func perSecond(m metric.Metric, labels, title, unit, colour string) *timeseries.PanelBuilder {
	return stacked(timePanel(title, m.Help, unit, colour)).
		WithTarget(query(legend(labels), "sum by (%s) (rate(%s{%s}[$__rate_interval]))", labels, m.Name, scopeOf(m)))
}

func costPerHour() *timeseries.PanelBuilder {
	const hour = "US dollars an hour at the pace of the moment, by model. A model without a price is not in it."
	return stacked(timePanel("Cost per hour", hour, units.Dollars, vermillion)).
		WithTarget(query("{{model}}", "sum by (model) (rate(%s{%s}[$__rate_interval])) * 3600", metric.Cost.Name, modelScope))
}

func costPerDay() *timeseries.PanelBuilder {
	const day = "US dollars of the 24 hours before, by model. A model without a price is not in it."
	return stacked(timePanel("Cost of the last day", day, units.Dollars, vermillion)).
		WithTarget(query("{{model}}", "sum by (model) (increase(%s{%s}[1d]))", metric.Cost.Name, modelScope))
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
