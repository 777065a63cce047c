package dashboards

import (
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// expressions is where the overview has the thresholds that watch an expression of their own.
const expressions = "expressions"

// overview is the dashboard of those who run several assistants, gateways and model servers: one row each.
func overview() *dashboard.DashboardBuilder {
	return newDashboard(OverviewUID, "Overview", "Assistants, gateways and model servers of all namespaces, one row for each source in a namespace.").
		WithVariable(sourceVariable()).
		WithVariable(labelVariable("namespace", "{"+marks()+"}").Multi(true).IncludeAll(true).AllValue(everything)).
		WithPanel(overviewTable())
}

// column is one of the overview's: what is asked, and how its values are shown. A uid leads to another dashboard.
type column struct{ title, expr, unit, uid string }

func columns() []column {
	inNamespaces := func(name string, asked asker) string {
		s, _ := signal.Lookup(name)
		return strings.ReplaceAll(ofSources(name, asked, signal.Query{Window: s.Window}), `="$namespace"`, `=~"$namespace"`)
	}
	of := func(title, name, uid string) column {
		s, _ := signal.Lookup(name)
		return column{title, inNamespaces(name, value), unitOfSignal(s), uid}
	}
	return []column{
		{"Requests", inNamespaces(signal.ModelErrorRatio, traffic), units.RequestsPerSecond, ModelUID},
		of("Errors", signal.ModelErrorRatio, ""),
		of("p95", signal.ModelLatency, ""),
		of("First token", signal.ModelTimeToFirstToken, ""),
		of("Tokens", signal.TokenRate, ""),
		of("Cost, 24 hours", signal.CostPerDay, ""),
		{"Thresholds firing", firingBySource(), units.Short, ThresholdsUID},
		of("Sessions", signal.ActiveSessions, AssistantUID),
	}
}

// firingBySource counts the thresholds with an alert that fires, by namespace and source; 0 where there are thresholds.
func firingBySource() string {
	known := fmt.Sprintf(`label_replace(max by (%[1]s, %[2]s, %[3]s) (%[4]s{%[1]s=~"$namespace"}), %[3]q, %[5]q, %[3]q, "")`,
		rules.NamespaceLabel, rules.ThresholdLabel, rules.SourceLabel, rules.ThresholdMetric, expressions)
	return fmt.Sprintf(`count by (%[1]s, %[3]s) (%[4]s and on (%[1]s, %[2]s) ALERTS{%[1]s=~"$namespace", alertstate="firing"}) or 0 * count by (%[1]s, %[3]s) (%[4]s)`,
		rules.NamespaceLabel, rules.ThresholdLabel, rules.SourceLabel, known)
}

// overviewTable joins the columns by namespace and source. A click on the namespace or on a number leads to what is behind it.
func overviewTable() *table.PanelBuilder {
	order := map[string]int{rules.NamespaceLabel: 0, rules.SourceLabel: 1}
	titles := map[string]string{}
	p := table.NewPanelBuilder().
		Title("Assistants, gateways and model servers").
		Description("Model calls of the last minutes as each source tells of them: a call by way of a gateway to a server is in both rows. " +
			"Sessions are an assistant's; its thresholds are with the source Plimsoll, those of an expression in a row of their own. " +
			"Requests, firing thresholds and sessions lead to their dashboard.").
		Datasource(source())
	for i, c := range columns() {
		ref := string(rune('A' + i))
		order["Value #"+ref], titles["Value #"+ref] = i+2, c.title
		properties := []dashboard.DynamicConfigValue{{Id: "unit", Value: c.unit}}
		if c.uid != "" {
			properties = append(properties, dashboard.DynamicConfigValue{Id: "links", Value: []dataLink{{
				Title: c.title, URL: "/d/" + c.uid + "?${datasource:queryparam}&var-namespace=${__data.fields.namespace}" +
					"&var-source=${__data.fields.source}&${__url_time_range}",
			}}})
		}
		p.OverrideByName(c.title, properties).
			WithTarget(query("", "%s", c.expr).RefId(ref).Instant().Format(prometheus.PromQueryFormatTable))
	}
	return p.
		Transformations([]dashboard.DataTransformerConfig{
			{Id: "merge", Options: map[string]any{}},
			{Id: "organize", Options: map[string]any{
				"excludeByName": map[string]bool{"Time": true}, "indexByName": order, "renameByName": titles,
			}},
		}).
		Height(3 * panelHeight).
		Span(fullSpan)
}
