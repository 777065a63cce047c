package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	logspanel "github.com/grafana/grafana-foundation-sdk/go/logs"
	"github.com/grafana/grafana-foundation-sdk/go/loki"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"
)

const (
	// logNamespace is a label that Loki gives one of OpenTelemetry's resource attributes, as the container's is.
	logNamespace = "k8s_namespace_name"
	// logStreams are those of the assistants.
	logStreams = `k8s_container_name="assistant"`
	// logScope selects the assistants' lines in a namespace by request id, all of them when that is empty.
	logScope = "{" + logNamespace + `="$namespace", ` + logStreams + "} |= `$request_id`"
)

// logs is the dashboard of the assistant's log lines in Loki.
func logs() *dashboard.DashboardBuilder {
	return newDashboard(LogsUID, "AI Assistant Logs", "What the assistants log: how much, what goes wrong, and the lines of one request.").
		WithVariable(dashboard.NewDatasourceVariableBuilder("loki").Label("Loki").Type("loki")).
		WithVariable(dashboard.NewQueryVariableBuilder("namespace").Label("namespace").
			Datasource(lokiSource()).
			Query(dashboard.StringOrMap{String: cog.ToPtr("label_values({" + logStreams + "}, " + logNamespace + ")")}).
			Refresh(dashboard.VariableRefreshOnTimeRangeChanged)).
		WithVariable(dashboard.NewTextBoxVariableBuilder("request_id").Label("Request id")).
		WithPanel(logRate("Lines by level", "Log lines per second, by level.", "level", "", blue)).
		WithPanel(logRate("Errors by type", "Lines of level ERROR per second, by error type.", "error_type", ` | level="ERROR"`, vermillion)).
		WithPanel(lines())
}

func lokiSource() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("loki"), Uid: cog.ToPtr("$loki")}
}

// logRate draws lines per second that pass the filter, told apart by a field of theirs.
func logRate(title, description, field, filter, colour string) *timeseries.PanelBuilder {
	return stacked(timePanel(title, description, units.CountsPerSecond, colour)).
		Datasource(lokiSource()).
		WithTarget(loki.NewDataqueryBuilder().
			Datasource(lokiSource()).
			Expr(fmt.Sprintf("sum by (%s) (rate(%s | json%s [$__auto]))", field, logScope, filter)).
			LegendFormat("{{" + field + "}}").
			QueryType("range").
			RefId("A"))
}

func lines() *logspanel.PanelBuilder {
	return logspanel.NewPanelBuilder().
		Title("Lines").
		Description("The lines themselves, newest first. Paste a request id above to see one request.").
		Datasource(lokiSource()).
		ShowTime(true).
		EnableLogDetails(true).
		WrapLogMessage(true).
		SortOrder(common.LogsSortOrderDescending).
		Height(2 * panelHeight).
		Span(fullSpan).
		WithTarget(loki.NewDataqueryBuilder().
			Datasource(lokiSource()).
			Expr(logScope).
			QueryType("range").
			RefId("A"))
}
