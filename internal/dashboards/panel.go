package dashboards

import (
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Panels stand two in a row of Grafana's 24 columns.
const (
	panelHeight = 8
	panelSpan   = 12
)

// Colours of the Okabe-Ito set, which people with any common colour blindness can tell apart.
const (
	blue       = "#0072B2"
	green      = "#009E73"
	purple     = "#CC79A7"
	vermillion = "#D55E00"
)

// source is the Prometheus that the viewer has chosen.
func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("$datasource")}
}

// labelVariable offers the values that label has in selector's series.
func labelVariable(label, selector string) *dashboard.QueryVariableBuilder {
	return dashboard.NewQueryVariableBuilder(label).
		Label(label).
		Datasource(source()).
		Query(dashboard.StringOrMap{String: cog.ToPtr(fmt.Sprintf("label_values(%s, %s)", selector, label))}).
		Refresh(dashboard.VariableRefreshOnTimeRangeChanged).
		Sort(dashboard.VariableSortAlphabeticalAsc)
}

// query is one PromQL target; expr is a format for args.
func query(legend, expr string, args ...any) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().
		Datasource(source()).
		Expr(fmt.Sprintf(expr, args...)).
		LegendFormat(legend).
		RefId("A").
		Range()
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

// lineAt colours values below line blue and the others vermillion.
func lineAt(line float64) *dashboard.ThresholdsConfigBuilder {
	return dashboard.NewThresholdsConfigBuilder().
		Mode(dashboard.ThresholdsModeAbsolute).
		Steps([]dashboard.Threshold{
			{Color: blue}, // no value: from minus infinity
			{Color: vermillion, Value: cog.ToPtr(line)},
		})
}
