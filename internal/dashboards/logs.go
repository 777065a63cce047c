package dashboards

import (
	"encoding/json"
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
	// traceField is the field of a line with its trace.
	traceField = "trace_id"
	// tempo and jaeger are types of data sources, and the variables that choose one.
	tempo, jaeger = "tempo", "jaeger"
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
		WithVariable(dashboard.NewDatasourceVariableBuilder(tempo).Label("Tempo").Type(tempo)).
		WithVariable(dashboard.NewDatasourceVariableBuilder(jaeger).Label("Jaeger").Type(jaeger)).
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

// dataLink is a link of a field's values.
type dataLink struct {
	Title       string `json:"title"`
	URL         string `json:"url"`
	TargetBlank bool   `json:"targetBlank"`
}

// traceLink leads from a trace's id to the trace, in the data source that the variable has chosen. Without such a data source
// the link opens an empty query.
func traceLink(title, variable, queryType string) dataLink {
	query := map[string]any{
		"refId": "A", "query": "${__value.raw}", "datasource": map[string]string{"type": variable, "uid": "${" + variable + "}"},
	}
	if queryType != "" {
		query["queryType"] = queryType
	}
	panes, err := json.Marshal(map[string]any{"trace": map[string]any{
		"datasource": "${" + variable + "}", "queries": []any{query},
		"range": map[string]string{"from": "${__from}", "to": "${__to}"},
	}})
	if err != nil {
		panic(err) // maps of texts
	}
	return dataLink{title, "/explore?schemaVersion=1&panes=" + string(panes), true}
}

func lines() *logspanel.PanelBuilder {
	return logspanel.NewPanelBuilder().
		Title("Lines").
		Description("The lines themselves, newest first. Paste a request id above to see one request. The details of a line that "+
			"has a trace_id lead to its trace.").
		Datasource(lokiSource()).
		ShowTime(true).
		EnableLogDetails(true).
		WrapLogMessage(true).
		Transformations([]dashboard.DataTransformerConfig{{Id: "extractFields", Options: map[string]any{
			"source": "Line", "format": "json", "jsonPaths": []map[string]string{{"path": traceField}},
		}}}).
		OverrideByName(traceField, []dashboard.DynamicConfigValue{{Id: "links", Value: []dataLink{
			traceLink("Trace in Tempo", tempo, "traceql"), traceLink("Trace in Jaeger", jaeger, ""),
		}}}).
		SortOrder(common.LogsSortOrderDescending).
		Height(2 * panelHeight).
		Span(fullSpan).
		WithTarget(loki.NewDataqueryBuilder().
			Datasource(lokiSource()).
			Expr(logScope).
			QueryType("range").
			RefId("A"))
}
