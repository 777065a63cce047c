package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/gauge"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// assistantUID is the dashboard's address in Grafana: links keep working for as long as it does not change.
const assistantUID = "plimsoll-assistant"

// scope restricts a query to the assistants that the viewer has chosen.
const scope = `namespace="$namespace", service=~"$service"`

// The gauges turn vermillion at the lines of the chart's default alerts, in percent.
const (
	cpuLine    = 80
	memoryLine = 85
)

// Assistant is the source document's dashboard: its title and its six panels, by name and in order.
func Assistant() (dashboard.Dashboard, error) {
	return dashboard.NewDashboardBuilder("AI Assistant Monitoring").
		Uid(assistantUID).
		Description("Traffic, latency, errors and the model behind an AI assistant, and what it uses of its machine.").
		Tags([]string{"plimsoll", "ai-assistant"}).
		Timezone("browser").
		Time("now-1h", "now").
		Refresh("30s").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Readonly().
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus")).
		WithVariable(labelVariable("namespace", metric.CPUUsage.Name)).
		WithVariable(labelVariable("service", metric.CPUUsage.Name+`{namespace="$namespace"}`).Multi(true).IncludeAll(true)).
		WithPanel(requestRate().Id(1)).
		WithPanel(responseTime().Id(2)).
		WithPanel(errorRate().Id(3)).
		WithPanel(modelResponseTime().Id(4)).
		WithPanel(usageGauge(metric.CPUUsage, "System CPU Usage", cpuLine).Id(5)).
		WithPanel(usageGauge(metric.MemoryUsage, "System Memory Usage", memoryLine).Id(6)).
		Build()
}

func requestRate() *timeseries.PanelBuilder {
	return timePanel("Request Rate", "HTTP requests per second, by route.", units.RequestsPerSecond, blue).
		WithTarget(query("{{endpoint}}", "sum by (endpoint) (rate(%s{%s}[$__rate_interval]))",
			metric.HTTPRequests.Name, scope))
}

func responseTime() *timeseries.PanelBuilder {
	return timePanel("Response Time (95th percentile)",
		"Nineteen of twenty requests are answered within this time, by route.", units.Seconds, purple).
		WithTarget(query("{{endpoint}}",
			"histogram_quantile(0.95, sum by (le, endpoint) (rate(%s{%s}[$__rate_interval])))",
			metric.HTTPRequestDuration.Bucket(), scope))
}

func errorRate() *timeseries.PanelBuilder {
	return timePanel("Error Rate",
		"Errors per second, by type and by where they arose: a route, or ai_model for a failed model call.",
		units.CountsPerSecond, vermillion).
		WithTarget(query("{{error_type}} {{endpoint}}",
			"sum by (error_type, endpoint) (rate(%s{%s}[$__rate_interval]))",
			metric.Errors.Name, scope))
}

func modelResponseTime() *timeseries.PanelBuilder {
	return timePanel("AI Model Response Time", "Mean duration of a model call, by model.", units.Seconds, green).
		WithTarget(query("{{model}}",
			"sum by (model) (rate(%[1]s{%[3]s}[$__rate_interval])) / sum by (model) (rate(%[2]s{%[3]s}[$__rate_interval]))",
			metric.ModelDuration.Sum(), metric.ModelDuration.Total(), scope))
}

// usageGauge shows a percentage of what the process may use, one needle per pod, and marks the alert's line.
func usageGauge(m metric.Metric, title string, line float64) *gauge.PanelBuilder {
	return gauge.NewPanelBuilder().
		Title(title).
		Description(fmt.Sprintf("%s By pod; the colour changes at %g%%, the line of the default alert.", m.Help, line)).
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
