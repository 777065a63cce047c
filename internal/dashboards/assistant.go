package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/gauge"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// The gauges turn vermillion at the levels of the chart's default alerts, in percent.
const (
	cpuLine    = 80
	memoryLine = 85
	diskLine   = 85
)

// assistant is the source document's dashboard: its title and, below a line of figures, its six panels, by name and in order;
// then what else is to be seen of the service.
func assistant() *dashboard.DashboardBuilder {
	d := newDashboard(AssistantUID, "AI Assistant Monitoring",
		"Traffic, latency, errors and the model behind an AI assistant, and what it uses of its machine.")
	withScope(d)
	for _, figure := range assistantFigures() {
		d.WithPanel(figure)
	}
	return d.
		WithPanel(requestRate()).
		WithPanel(responseTime()).
		WithPanel(errorRate()).
		WithPanel(modelResponseTime()).
		WithPanel(usageGauge(metric.CPUUsage, "System CPU Usage", cpuLine)).
		WithPanel(usageGauge(metric.MemoryUsage, "System Memory Usage", memoryLine)).
		WithRow(row("Traffic")).
		WithPanel(statuses()).
		WithPanel(durations(metric.HTTPRequestDuration, "Response times", "How many requests took how long, all routes together.")).
		WithPanel(withOwnLevels(quantiles(metric.HTTPRequestDuration, "Response time, all routes",
			"Half, 95 % and 99 % of the requests are answered within these times.", purple), signal.HTTPLatency)).
		WithPanel(sessions()).
		WithRow(row("Errors by kind")).
		WithPanel(failures(metric.Errors, "error_type", "Errors by kind", "Errors per second by type: requests and model calls together.")).
		WithPanel(failures(metric.SessionStoreErrors, "operation", "Session store",
			"Operations per second that the session store did not serve; the chats went on without history.")).
		WithRow(row("Saturation")).
		WithPanel(inFlight()).
		WithPanel(usageGauge(metric.DiskUsage, "System Disk Usage", diskLine)).
		WithPanel(usage()).
		WithPanel(inAndOut("Disk", metric.DiskRead, metric.DiskWritten)).
		WithPanel(inAndOut("Network", metric.NetworkReceived, metric.NetworkSent)).
		WithPanel(perPod(metric.ResidentMemory, "max", scope, "Resident memory", units.BytesIEC)).
		WithPanel(perPod(metric.Goroutines, "max", scope, "Goroutines", units.Short)).
		WithPanel(failures(metric.LogWriteErrors, "pod", "Lost log lines", "Lines per second that the log file could not take; they are on stdout only."))
}

func requestRate() *timeseries.PanelBuilder {
	return withOwnLevels(timePanel("Request Rate", "HTTP requests per second, by route.", units.RequestsPerSecond, blue).
		WithTarget(query("{{endpoint}}", "%s", rateBy(metric.HTTPRequests, "endpoint", scope))), signal.HTTPRequestRate)
}

func responseTime() *timeseries.PanelBuilder {
	return withOwnLevels(timePanel("Response Time (95th percentile)",
		"Nineteen of twenty requests are answered within this time, by route.", units.Seconds, purple).
		WithTarget(query("{{endpoint}}", "%s", own(signal.HTTPLatency, "$__rate_interval", "endpoint"))), signal.HTTPLatency)
}

func errorRate() *timeseries.PanelBuilder {
	return withOwnLevels(timePanel("Error Rate",
		"Errors per second, by type and by where they arose: a route, or ai_model for a failed model call.",
		units.CountsPerSecond, vermillion).
		WithTarget(query("{{error_type}} {{endpoint}}", "%s", rateBy(metric.Errors, "error_type, endpoint", scope))), signal.HTTPErrorRate)
}

func modelResponseTime() *timeseries.PanelBuilder {
	return timePanel("AI Model Response Time", "Mean duration of a model call, by model.", units.Seconds, green).
		WithTarget(query("{{model}}",
			"sum by (model) (rate(%[1]s{%[3]s}[$__rate_interval])) / (sum by (model) (rate(%[2]s{%[3]s}[$__rate_interval])) > 0)",
			metric.ModelDuration.Sum(), metric.ModelDuration.Count(), scope))
}

// own is PromQL of a signal of the chosen assistants, by labels.
func own(name, window string, by ...string) string {
	s, _ := signal.Lookup(name)
	return several(s.Expr(signal.Query{
		Namespace: "$namespace", Match: map[string]string{"service": "$service"}, Window: window, By: by,
	}))
}

// withOwnLevels draws the levels of the assistants' signals.
func withOwnLevels(p *timeseries.PanelBuilder, names ...string) *timeseries.PanelBuilder {
	return withLevels(p, string(signal.Plimsoll), names...)
}

// usageGauge shows a percentage of what the process may use, one needle per pod, and marks the alert's line.
func usageGauge(m metric.Metric, title string, line float64) *gauge.PanelBuilder {
	return gauge.NewPanelBuilder().
		Title(title).
		Description(fmt.Sprintf("%s By pod; the colour changes at %g%%, the level of the default alert.", m.Help, line)).
		Datasource(source()).
		Unit(units.Percent).
		Min(0).
		Max(100).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		Thresholds(lineAt(line)).
		Orientation(common.VizOrientationAuto).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		Height(panelHeight).
		Span(panelSpan).
		WithTarget(query("{{pod}}", "max by (pod) (%s{%s})", m.Name, scope).Instant())
}

func statuses() *timeseries.PanelBuilder {
	return stacked(timePanel("Requests by status", "HTTP requests per second, by status.", units.RequestsPerSecond, skyBlue)).
		WithTarget(query("{{status}}", "%s", rateBy(metric.HTTPRequests, "status", scope)))
}

// sessions takes the greatest of the pods: replicas that share a store all report the same sessions.
func sessions() *timeseries.PanelBuilder {
	return withOwnLevels(timePanel("Active sessions", "Sessions that have not expired, by pod; with a shared store each pod reports all of them.",
		units.Short, green).
		WithTarget(query("{{pod}}", "max by (pod) (%s{%s})", metric.ActiveSessions.Name, scope)), signal.ActiveSessions)
}

// failures draws a counter of things gone wrong, told apart by one label.
func failures(m metric.Metric, label, title, description string) *timeseries.PanelBuilder {
	return stacked(timePanel(title, description, units.CountsPerSecond, vermillion)).
		WithTarget(query(legend(label), "%s", rateBy(m, label, scopeOf(m))))
}

func inFlight() *timeseries.PanelBuilder {
	return withOwnLevels(timePanel("Model calls in flight", metric.RequestsInFlight.Help, units.Short, orange).
		WithTarget(query("{{pod}}", "sum by (pod) (%s{%s})", metric.RequestsInFlight.Name, scope)), signal.RequestsRunning)
}

// usage draws what the gauges show, over time and with the levels.
func usage() *timeseries.PanelBuilder {
	p := timePanel("Usage over time", "CPU, memory and disk in use, as percentages of what each pod may use.", units.Percent, green)
	names := []string{signal.CPU, signal.Memory, signal.Disk}
	for i, name := range names {
		p.WithTarget(query(name+" {{pod}}", "%s", own(name, "", "pod")).RefId(string(rune('A' + i))))
	}
	return withOwnLevels(p, names...)
}

// inAndOut draws what comes in above what goes out.
func inAndOut(title string, in, out metric.Metric) *timeseries.PanelBuilder {
	return timePanel(title, in.Help+" "+out.Help, units.BytesPerSecondIEC, skyBlue).
		WithTarget(query("in {{pod}}", "sum by (pod) (rate(%s{%s}[$__rate_interval]))", in.Name, scope)).
		WithTarget(query("out {{pod}}", "sum by (pod) (rate(%s{%s}[$__rate_interval]))", out.Name, scope).RefId("B"))
}

// perPod draws a gauge, one line a pod.
func perPod(m metric.Metric, aggregation, within, title, unit string) *timeseries.PanelBuilder {
	return timePanel(title, m.Help, unit, blue).
		WithTarget(query("{{pod}}", "%s by (pod) (%s{%s})", aggregation, m.Name, within))
}
