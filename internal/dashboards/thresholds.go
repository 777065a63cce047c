package dashboards

import (
	"fmt"
	"math"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/statetimeline"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// thresholdScope restricts a query to the thresholds that the viewer has chosen, shownScope to those that are drawn.
var (
	thresholdScope = fmt.Sprintf(`%s="$namespace", %[2]s=~"$%[2]s"`, rules.NamespaceLabel, rules.ThresholdLabel)
	shownScope     = fmt.Sprintf(`%s="$namespace", %s=~"$shown"`, rules.NamespaceLabel, rules.ThresholdLabel)
	chosenLevels   = levelSet{levels: thresholdScope, values: thresholdScope}
)

// thresholds is the dashboard of the AlertThresholds: every signal against its levels. It opens with those that fired or are
// nearest to a level, however many there are; the table has all.
func thresholds() *dashboard.DashboardBuilder {
	d := newDashboard(ThresholdsUID, "Alert thresholds", "Every AlertThreshold: its signal against its levels, when it fired, and how far it is from firing.").
		WithVariable(sourceVariable()).
		WithVariable(labelVariable(rules.NamespaceLabel, rules.ThresholdMetric)).
		WithVariable(labelVariable(rules.ThresholdLabel, rules.ThresholdMetric+`{namespace="$namespace"}`).
			Multi(true).IncludeAll(true).AllValue(everything)).
		WithVariable(custom("nearest", "10", "25", "100")).
		WithVariable(shown()).
		WithPanel(stateTimeline()).
		WithPanel(headroomTable()).
		WithRow(row("Signals against their levels"))
	for _, unit := range unit.All() {
		d.WithPanel(signalsAgainstLevels(unit))
	}
	return d
}

// shown is a variable that nobody sees: the names of the chosen thresholds that are nearest to a level at the end of the time, or
// had an alert in it. As a variable they are found once, and panels read no other series.
func shown() *dashboard.QueryVariableBuilder {
	names := fmt.Sprintf(`query_result(bottomk($nearest, min by (%[1]s) (%[2]s)) or max by (%[1]s) (last_over_time(ALERTS{%[3]s}[$__range])))`,
		rules.ThresholdLabel, chosenLevels.headroom(), thresholdScope)
	return labelVariable("shown", "").
		Query(dashboard.StringOrMap{String: &names}).
		Regex(fmt.Sprintf(`/%s="([^"]+)"/`, rules.ThresholdLabel)).
		Multi(true).IncludeAll(true).
		Current(dashboard.VariableOption{
			Text:  dashboard.StringOrArrayOfString{ArrayOfString: []string{"All"}},
			Value: dashboard.StringOrArrayOfString{ArrayOfString: []string{"$__all"}},
		}).
		Hide(dashboard.VariableHideHideVariable)
}

// stateTimeline is 2 while an alert of the level fires, 1 while one is pending, else 0; alerts have the labels of their
// threshold.
func stateTimeline() *statetimeline.PanelBuilder {
	const by = rules.ThresholdLabel + ", " + rules.SeverityLabel
	states := fmt.Sprintf(`max by (%[1]s) (ALERTS{%[2]s, alertstate="firing"}) * 2 or max by (%[1]s) (ALERTS{%[2]s, alertstate="pending"}) or max by (%[1]s) (%[3]s{%[2]s}) * 0`,
		by, shownScope, rules.ThresholdMetric)
	return statetimeline.NewPanelBuilder().
		Title("States").
		Description("When each level was pending and firing, of the thresholds that were, and of the nearest to it.").
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

// headroomTable has every level, the nearest first.
func headroomTable() *table.PanelBuilder {
	instant := func(ref, expr string) *prometheus.DataqueryBuilder {
		return query("", "%s", expr).RefId(ref).Instant().Format(prometheus.PromQueryFormatTable)
	}
	above, below := chosenLevels.withWorst("* 0 +")
	return table.NewPanelBuilder().
		Title("Headroom").
		Description("How far the worst series is from each level, as a part of the level; below zero it is beyond.").
		Datasource(source()).
		Transformations([]dashboard.DataTransformerConfig{
			{Id: "merge", Options: map[string]any{}},
			{Id: "organize", Options: map[string]any{
				"excludeByName": map[string]bool{
					"Time": true, "__name__": true, rules.NamespaceLabel: true, rules.SignalLabel: true, rules.SourceLabel: true,
				},
				"indexByName": map[string]int{
					rules.ThresholdLabel: 0, rules.SeverityLabel: 1, "Value #C": 2, rules.ComparisonLabel: 3, "Value #A": 4, rules.UnitLabel: 5, "Value #B": 6,
				},
				"renameByName": map[string]string{"Value #A": "Level", "Value #B": "Headroom", "Value #C": "Worst value"},
			}},
		}).
		OverrideByName("Headroom", []dashboard.DynamicConfigValue{
			{Id: "unit", Value: units.PercentUnit},
			{Id: "mappings", Value: []dashboard.ValueMapping{between(cog.ToPtr(math.MaxFloat64), nil, "-"), between(nil, cog.ToPtr(-math.MaxFloat64), "beyond 0")}},
		}).
		OverrideByName(rules.UnitLabel, []dashboard.DynamicConfigValue{{Id: "mappings", Value: []dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{
			Type: dashboard.MappingTypeValueToText,
			Options: map[string]dashboard.ValueMappingResult{
				string(unit.Seconds): {Text: cog.ToPtr("s")}, string(unit.Percent): {Text: cog.ToPtr("%")}, string(unit.Ratio): {Text: cog.ToPtr("of 1")},
				string(unit.PerSecond): {Text: cog.ToPtr("/s")}, string(unit.USD): {Text: cog.ToPtr("$")}, string(unit.Bytes): {Text: cog.ToPtr("B")}, string(unit.Number): {Text: cog.ToPtr("")},
			},
		}}}}}).
		SortBy([]cog.Builder[common.TableSortByFieldState]{common.NewTableSortByFieldStateBuilder().DisplayName("Headroom")}).
		Height(2 * panelHeight).
		Span(fullSpan).
		WithTarget(instant("A", chosenLevels.all(""))).
		WithTarget(instant("B", chosenLevels.headroom())).
		WithTarget(instant("C", above+" or "+below))
}

// between shows a text for the values from one to the other; nil is infinite.
func between(from, to *float64, text string) dashboard.ValueMapping {
	return dashboard.ValueMapping{RangeMap: &dashboard.RangeMap{
		Type:    dashboard.MappingTypeRangeToText,
		Options: dashboard.DashboardRangeMapOptions{From: from, To: to, Result: dashboard.ValueMappingResult{Text: &text}},
	}}
}

// toNames shortens the names of series to the threshold's and to what tells its series apart: a pod says all of a target.
const toNames = `/` + rules.SignalMetric + `|[{}"]|` + rules.ThresholdLabel + `=|(, )?` + rules.NamespaceLabel +
	`="[^"]*"|(, )?(container|endpoint|instance|job)="[^"]*"(?=.*, pod=")/g`

// inUnit is what the values of a unit are called.
var inUnit = map[unit.Unit]string{
	unit.Seconds: "Durations", unit.Percent: "Percentages", unit.Ratio: "Ratios", unit.PerSecond: "Rates",
	unit.USD: "US dollars", unit.Bytes: "Sizes", unit.Number: "Numbers",
}

// signalsAgainstLevels draws the shown thresholds of one unit, with their levels: one query for both, as there are many panels.
func signalsAgainstLevels(unit unit.Unit) *timeseries.PanelBuilder {
	levels := fmt.Sprintf(`%s{%s, %s=%q}`, rules.ThresholdMetric, shownScope, rules.UnitLabel, unit)
	return timePanel(inUnit[unit], "The recorded values, and the levels that they must not cross, of the nearest thresholds and of those that had an alert.",
		unitOf[unit], blue).
		NoValue("None of the thresholds that are shown").
		OverrideByRegexp(rules.ComparisonLabel+"=", dashed).
		Transformations([]dashboard.DataTransformerConfig{{Id: "renameByRegex", Options: map[string]any{"regex": toNames, "renamePattern": ""}}}).
		WithTarget(query("", "%s{%s} and on (%[3]s) %[4]s or max by (%[3]s, %[5]s, %[6]s) (%[4]s)",
			rules.SignalMetric, shownScope, rules.ThresholdLabel, levels, rules.SeverityLabel, rules.ComparisonLabel))
}
