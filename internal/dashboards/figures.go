package dashboards

import (
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// Figures stand six in a row.
const (
	figureHeight = 4
	figureSpan   = fullSpan / 6
)

// panelRef is a panel of a dashboard, by its title.
type panelRef struct{ uid, title string }

// assistantFigures are the numbers that an assistant's dashboard begins with.
func assistantFigures() []*stat.PanelBuilder {
	of := func(title, name string, to panelRef) *stat.PanelBuilder {
		return figure(title, name, "max("+own(name, "")+")", string(signal.Plimsoll), to)
	}
	return []*stat.PanelBuilder{
		of("Requests", signal.HTTPRequestRate, panelRef{AssistantUID, "Request Rate"}).Unit(units.RequestsPerSecond),
		of("Errors", signal.HTTPErrorRate, panelRef{AssistantUID, "Error Rate"}),
		of("p95", signal.HTTPLatency, panelRef{AssistantUID, "Response Time (95th percentile)"}),
		of("First token", signal.ModelTimeToFirstToken, panelRef{ModelUID, "Time to first token"}),
		of("Cost, 24 hours", signal.CostPerDay, panelRef{ModelUID, "Cost of the last day"}),
		firing(),
	}
}

// modelFigures are the same of the chosen sources: of several the greatest, for a call by way of a gateway is counted by each.
func modelFigures() []*stat.PanelBuilder {
	of := func(title, name, panel string) *stat.PanelBuilder {
		s, _ := signal.Lookup(name)
		expr := strings.ReplaceAll(chosenSources(name, value, s.Window), "$quantile", s.Quantile)
		return figure(title, name, "max("+expr+")", "$source", panelRef{ModelUID, panel})
	}
	failures, _ := signal.Lookup(signal.ModelErrorRatio)
	calls := numbers("Requests", "Calls per second, failed ones too; of several sources the greatest.", units.RequestsPerSecond).
		DataLinks(linkTo(panelRef{ModelUID, "Calls"})).
		WithTarget(query("now", "max(%s)", chosenSources(signal.ModelErrorRatio, traffic, failures.Window)).Instant())
	return []*stat.PanelBuilder{
		calls,
		of("Errors", signal.ModelErrorRatio, "Failed calls"),
		of("p95", signal.ModelLatency, "Call duration"),
		of("First token", signal.ModelTimeToFirstToken, "Time to first token"),
		of("Cost, 24 hours", signal.CostPerDay, "Cost of the last day"),
		firing(),
	}
}

// figure is the value of a signal over its own window, and the level that is nearest to being crossed. expr has one sample.
func figure(title, name, expr, sources string, to panelRef) *stat.PanelBuilder {
	s, _ := signal.Lookup(name)
	l := levelsOf(s.Unit, sources, name)
	return numbers(title, sentence(s.Means)+" Below it the level of an AlertThreshold of the namespace that is crossed, or nearest to it.", unitOfSignal(s)).
		OverrideByName(crossed, []dashboard.DynamicConfigValue{{Id: "color", Value: map[string]string{"mode": "fixed", "fixedColor": vermillion}}}).
		DataLinks(linkTo(to)).
		WithTarget(query("{{is}}", "%s", l.labelled(expr)).Instant()).
		WithTarget(query(legend(rules.SeverityLabel+", "+rules.ComparisonLabel), "%s", l.nearest()).Instant().RefId(levelsRef))
}

// firing counts the thresholds of the namespace with an alert that fires.
func firing() *stat.PanelBuilder {
	return numbers("Thresholds firing", "AlertThresholds of the namespace with an alert that fires.", units.Short).
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdThresholds)).
		Thresholds(lineAt(1)).
		DataLinks(linkTo(panelRef{ThresholdsUID, "States"})).
		WithTarget(query("now", `count(count by (%[1]s) (ALERTS{%[2]s="$namespace", %[1]s!="", alertstate="firing"})) or on () vector(0)`,
			rules.ThresholdLabel, rules.NamespaceLabel).Instant())
}

// numbers is a panel of single numbers with their names, one below the other.
func numbers(title, description, unit string) *stat.PanelBuilder {
	return stat.NewPanelBuilder().
		Title(title).
		Description(description).
		Datasource(source()).
		Unit(unit).
		NoValue("-").
		ColorScheme(dashboard.NewFieldColorBuilder().Mode(dashboard.FieldColorModeIdFixed).FixedColor(blue)).
		ColorMode(common.BigValueColorModeValue).
		GraphMode(common.BigValueGraphModeNone).
		TextMode(common.BigValueTextModeValueAndName).
		Orientation(common.VizOrientationHorizontal).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		Height(figureHeight).
		Span(figureSpan)
}

// linkTo is the link of a number to a panel, with the variables and the time as they are. Where the id of the panel belongs
// stands its title, until all dashboards are built.
func linkTo(p panelRef) []cog.Builder[dashboard.DashboardLink] {
	return []cog.Builder[dashboard.DashboardLink]{dashboard.NewDashboardLinkBuilder(p.title).
		Type(dashboard.DashboardLinkTypeLink).
		Url(fmt.Sprintf("/d/%s?viewPanel=[%s]&${__all_variables}&${__url_time_range}", p.uid, p.title))}
}
