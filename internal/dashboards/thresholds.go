package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// thresholdScope restricts a query to the thresholds that the viewer has chosen.
var thresholdScope = fmt.Sprintf(`%s="$namespace", %[2]s=~"$%[2]s"`, rules.NamespaceLabel, rules.ThresholdLabel)

// thresholds is the dashboard of the AlertThresholds: every signal against its levels.
func thresholds() *dashboard.DashboardBuilder {
	return newDashboard(ThresholdsUID, "Alert thresholds", "Every AlertThreshold: its signal against its levels, when it fired, and how far it is from firing.").
		WithVariable(sourceVariable()).
		WithVariable(labelVariable(rules.NamespaceLabel, rules.ThresholdMetric)).
		WithVariable(labelVariable(rules.ThresholdLabel, rules.ThresholdMetric+`{namespace="$namespace"}`).Multi(true).IncludeAll(true)).
		WithPanel(stateTimeline()).
		WithPanel(headroom()).
		WithRow(row("Signals against their levels")).
		WithPanel(signalAgainstLines())
}

// stateTimeline is 2 while an alert of the level fires, 1 while one is pending, else 0; alerts have the labels of their
// threshold.
func stateTimeline() *statetimeline.PanelBuilder {
	const by = rules.ThresholdLabel + ", " + rules.SeverityLabel
	states := fmt.Sprintf(`max by (%[1]s) (ALERTS{%[2]s, alertstate="firing"}) * 2 or max by (%[1]s) (ALERTS{%[2]s, alertstate="pending"}) or max by (%[1]s) (%[3]s{%[2]s}) * 0`,
		by, thresholdScope, rules.ThresholdMetric)
	return statetimeline.NewPanelBuilder().
		Title("States").
		Description("When each level was pending and firing.").
		Datasource(source()).
		Mappings([]dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{
			Type: "value",
			Options: map[string]dashboard.ValueMappingResult{
				"0": {Text: cog.ToPtr("Inactive"), Color: cog.ToPtr(blue)},
				"1": {Text: cog.ToPtr("Pending"), Color: cog.ToPtr(orange)},
				"2": {Text: cog.ToPtr("Firing"), Color: cog.ToPtr(vermillion)},
			},
		}}}).
		ShowValue(common.VisibilityModeNever).
		Height(panelHeight).
		Span(fullSpan).
		WithTarget(query("{{"+rules.ThresholdLabel+"}} {{"+rules.SeverityLabel+"}}", "%s", states))
}

// headroom is the distance of the worst series from each level, in parts of the level; negative beyond it.
func headroom() *table.PanelBuilder {
	distance := func(comparison rules.Comparison, sign, worst string) string {
		level := fmt.Sprintf(`%s{%s, %s=%q}`, rules.ThresholdMetric, thresholdScope, rules.ComparisonLabel, string(comparison))
		return fmt.Sprintf(`%[1]s(%[2]s - on (%[5]s, %[6]s) group_left () %[3]s by (%[5]s, %[6]s) (%[7]s{%[4]s})) / abs(%[2]s)`,
			sign, level, worst, thresholdScope, rules.NamespaceLabel, rules.ThresholdLabel, rules.SignalMetric)
	}
	instant := func(ref, expr string) *prometheus.DataqueryBuilder {
		return query("", "%s", expr).RefId(ref).Instant().Format(prometheus.PromQueryFormatTable)
	}
	return table.NewPanelBuilder().
		Title("Headroom").
		Description("How far the worst series is from each level, as a part of the level; below zero it is beyond.").
		Datasource(source()).
		Transformations([]dashboard.DataTransformerConfig{
			{Id: "merge", Options: map[string]any{}},
			{Id: "organize", Options: map[string]any{
				"excludeByName": map[string]bool{"Time": true, "__name__": true},
				"renameByName":  map[string]string{"Value #A": "Line", "Value #B": "Headroom"},
			}},
		}).
		OverrideByName("Headroom", []dashboard.DynamicConfigValue{{Id: "unit", Value: units.PercentUnit}}).
		Height(panelHeight).
		Span(fullSpan).
		WithTarget(instant("A", fmt.Sprintf("%s{%s}", rules.ThresholdMetric, thresholdScope))).
		WithTarget(instant("B", distance(rules.Above, "", "max")+" or "+distance(rules.Below, "-1 * ", "min")))
}

// signalAgainstLines is one panel for every chosen threshold.
func signalAgainstLines() *timeseries.PanelBuilder {
	return timePanel("$"+rules.ThresholdLabel, "The recorded value, in its base unit, and the levels that it must not cross.", units.Short, blue).
		Repeat(rules.ThresholdLabel).
		MaxPerRow(2).
		OverrideByRegexp("^level .*", []dashboard.DynamicConfigValue{
			{Id: "color", Value: map[string]string{"mode": "fixed", "fixedColor": vermillion}},
			{Id: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{10, 10}}},
			{Id: "custom.fillOpacity", Value: 0},
		}).
		WithTarget(query("", "%s{%s}", rules.SignalMetric, thresholdScope)).
		WithTarget(query("level {{"+rules.SeverityLabel+"}} {{"+rules.ComparisonLabel+"}}", "max by (%s, %s, %s) (%s{%s})",
			rules.SeverityLabel, rules.ComparisonLabel, rules.ThresholdLabel, rules.ThresholdMetric, thresholdScope).RefId("B"))
}
