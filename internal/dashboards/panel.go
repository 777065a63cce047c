package dashboards

import (
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/heatmap"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// Panels stand two in a row of Grafana's 24 columns.
const (
	panelHeight = 8
	panelSpan   = 12
	fullSpan    = 24
)

// Colours of the Okabe-Ito set, which people with any common colour blindness can tell apart.
const (
	blue       = "#0072B2"
	skyBlue    = "#56B4E9"
	green      = "#009E73"
	orange     = "#E69F00"
	purple     = "#CC79A7"
	vermillion = "#D55E00"
)

// unitOf is Grafana's name for the unit of a value.
var unitOf = map[unit.Unit]string{
	unit.Seconds: units.Seconds, unit.Percent: units.Percent, unit.Ratio: units.PercentUnit,
	unit.PerSecond: units.CountsPerSecond, unit.USD: units.Dollars, unit.Bytes: units.BytesIEC, unit.Number: units.Short,
}

// tokensPerSecond is Grafana's form of a unit of one's own.
const tokensPerSecond = "suffix:tokens/s" //nolint:gosec // no secret

// unitOfSignal is Grafana's name for the unit of a signal's value, which says tokens where it counts them.
func unitOfSignal(s signal.Signal) string {
	if s.Name == signal.TokenRate {
		return tokensPerSecond
	}
	return unitOf[s.Unit]
}

// source is the Prometheus that the viewer has chosen.
func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("$datasource")}
}

// sourceVariable offers the Prometheus data sources.
func sourceVariable() *dashboard.DatasourceVariableBuilder {
	return dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus")
}

// labelVariable offers the values that label has in selector's series, under the label's name.
func labelVariable(label, selector string) *dashboard.QueryVariableBuilder {
	return variable(label, label, selector)
}

// variable offers the values that label has in selector's series.
func variable(name, label, selector string) *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder(name).
		Label(name).
		Datasource(source()).
		Query(dashboard.StringOrMap{String: cog.ToPtr(fmt.Sprintf("label_values(%s, %s)", selector, label))}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc)
}

// row is the headline of a group of panels.
func row(title string) *dashboard.RowBuilder { return dashboard.NewRowBuilder(title) }

// query is one PromQL target; expr is a format for args.
func query(legend, expr string, args ...any) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().
		Datasource(source()).
		Expr(fmt.Sprintf(expr, args...)).
		LegendFormat(legend).
		RefId("A").
		Range()
}

// legend names a line by the values of its labels, which are as PromQL lists them.
func legend(labels string) string { return "{{" + strings.ReplaceAll(labels, ", ", "}} {{") + "}}" }

// rateBy is PromQL of a counter's increase per second by labels, of those values that were counted in the time that is shown, so
// that others do not crowd the legend; where none was, it is one line.
func rateBy(m metric.Metric, labels, within string) string {
	first, _, _ := strings.Cut(labels, ", ")
	return fmt.Sprintf(`sum by (%[1]s) (rate(%[2]s{%[3]s}[$__rate_interval])) and sum by (%[1]s) (increase(%[2]s{%[3]s}[$__range] @ end())) > 0 `+
		`or on () label_replace(sum(rate(%[2]s{%[3]s}[$__rate_interval])), %[4]q, "none", "", "")`, labels, m.Name, within, first)
}

// timePanel draws lines over time in shades of one colour, so that lightness and not hue tells the lines apart.
func timePanel(title, description, unit, colour string) *timeseries.PanelBuilder {
	return timeseries.NewPanelBuilder().
		Title(title).
		Description(description).
		Datasource(source()).
		Unit(unit).
		Min(0).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdShades).FixedColor(colour)).
		LineWidth(2).
		FillOpacity(10).
		Legend(common.NewVizLegendOptionsBuilder().
			DisplayMode(common.LegendDisplayModeTable).
			Placement(common.LegendPlacementBottom).
			ShowLegend(true).
			Calcs([]string{"mean", "max", "lastNotNull"})).
		Tooltip(common.NewVizTooltipOptionsBuilder().
			Mode(common.TooltipDisplayModeMulti).
			Sort(common.SortOrderDescending)).
		Height(panelHeight).
		Span(panelSpan)
}

// stacked lets the panel's lines stand on each other, for parts of a whole.
func stacked(p *timeseries.PanelBuilder) *timeseries.PanelBuilder {
	return p.FillOpacity(40).Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal))
}

// quantiles draws the median, the 95th and the 99th percentile of a histogram's series within the scope.
func quantiles(m metric.Metric, title, description, colour string) *timeseries.PanelBuilder {
	p := timePanel(title, description, units.Seconds, colour)
	for i, q := range []string{"0.5", "0.95", "0.99"} {
		p.WithTarget(query("p"+map[string]string{"0.5": "50", "0.95": "95", "0.99": "99"}[q],
			"histogram_quantile(%s, sum by (le) (rate(%s{%s}[$__rate_interval])))", q, m.Bucket(), scopeOf(m)).
			RefId(string(rune('A' + i))))
	}
	return p
}

// durations draws how many of a histogram's observations fall into each bucket, over time.
func durations(m metric.Metric, title, description string) *heatmap.PanelBuilder {
	return heatmap.NewPanelBuilder().
		Title(title).
		Description(description).
		Datasource(source()).
		YAxis(heatmap.NewYAxisConfigBuilder().Unit(units.Seconds)).
		Color(heatmap.NewHeatmapColorOptionsBuilder().
			Mode(heatmap.HeatmapColorModeScheme).Scheme("Viridis").Steps(32).Exponent(0.5)).
		Height(panelHeight).
		Span(panelSpan).
		WithTarget(query("{{le}}", "sum by (le) (increase(%s{%s}[$__rate_interval]))", m.Bucket(), scopeOf(m)).
			Format(prometheus.PromQueryFormatHeatmap))
}

// lineAt colours values below line blue and the others vermillion.
func lineAt(line float64) *dashboard.ThresholdsConfigBuilder {
	return dashboard.NewThresholdsConfigBuilder().
		Mode(dashboard.ThresholdsModeAbsolute).
		Steps([]dashboard.Threshold{
			{Color: blue}, // no value: from minus infinity
			{Color: vermillion, Value: cog.ToPtr(line)},
		})
}
