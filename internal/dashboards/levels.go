package dashboards

import (
	"fmt"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

// levelSet selects recorded levels and the recorded values that they are for; each field is a list of matchers.
type levelSet struct{ levels, values string }

// levelsOf selects the levels of signals of one unit, as the sources that match the pattern have them.
func levelsOf(u unit.Unit, sources string, names ...string) levelSet {
	inNamespace := rules.NamespaceLabel + `="$namespace"`
	return levelSet{values: inNamespace, levels: fmt.Sprintf(`%s, %s=~%q, %s=~%q, %s=%q`, inNamespace,
		rules.SignalLabel, strings.Join(names, "|"), rules.SourceLabel, sources, rules.UnitLabel, u)}
}

// all are where the levels lie; matcher narrows them down.
func (l levelSet) all(matcher string) string {
	return fmt.Sprintf("%s{%s%s}", rules.ThresholdMetric, l.levels, matcher)
}

// compared are the levels that fire above or below.
func (l levelSet) compared(comparison rules.Comparison) string {
	return l.all(fmt.Sprintf(", %s=%q", rules.ComparisonLabel, comparison))
}

// withWorst is PromQL for each comparison: its levels, the operator, and the worst series of each threshold.
func (l levelSet) withWorst(operator string) (above, below string) {
	compare := func(comparison rules.Comparison, worst string) string {
		return fmt.Sprintf(`%s %s on (%[3]s) group_left () %[4]s by (%[3]s) (%[5]s{%[6]s})`,
			l.compared(comparison), operator, rules.ThresholdLabel, worst, rules.SignalMetric, l.values)
	}
	return compare(rules.Above, "max"), compare(rules.Below, "min")
}

// headroom is the distance of the worst series from each level, in parts of the level; negative beyond it. A level at zero has no
// parts: minus infinity is beyond it. Infinity is for the others, and for thresholds without data.
func (l levelSet) headroom() string {
	above, below := l.withWorst("-")
	return fmt.Sprintf("((%[1]s) or -1 * (%[2]s)) / abs(%[3]s) >= -Inf or %[3]s * 0 + Inf", above, below, l.all(""))
}

// nearest is the level with the least headroom.
func (l levelSet) nearest() string {
	return fmt.Sprintf("%s and on (%s, %s, %s) bottomk(1, %s)",
		l.all(""), rules.ThresholdLabel, rules.SeverityLabel, rules.ComparisonLabel, l.headroom())
}

// labelled gives a value without labels the label "is", which says whether one of the levels is crossed.
func (l levelSet) labelled(value string) string {
	is := func(text string) string { return fmt.Sprintf(`label_replace(vector(1), "is", %q, "", "")`, text) }
	return fmt.Sprintf("%s * on () group_right () (%s and on () min(%s) < 0 or on () %s)", value, is(crossed), l.headroom(), is("now"))
}

// crossed is what a figure is called that is beyond a level.
const crossed = "now, level crossed"

// levelsRef is the query of the levels in a panel of their signal.
const levelsRef = "L"

// withLevels draws the levels of thresholds into a panel that shows the same signals of the sources, in the same unit: of each
// severity the three that are crossed first.
func withLevels(p *timeseries.PanelBuilder, sources string, names ...string) *timeseries.PanelBuilder {
	s, _ := signal.Lookup(names[0])
	l := levelsOf(s.Unit, sources, names...)
	return p.
		OverrideByQuery(levelsRef, dashed).
		WithTarget(query(legend(rules.SeverityLabel+", "+rules.ComparisonLabel)+": "+legend(rules.ThresholdLabel),
			"bottomk by (%[1]s) (3, %[2]s) or topk by (%[1]s) (3, %[3]s)",
			rules.SeverityLabel, l.compared(rules.Above), l.compared(rules.Below)).RefId(levelsRef))
}

// dashed is how a level is drawn.
var dashed = []dashboard.DynamicConfigValue{
	{Id: "color", Value: map[string]string{"mode": "fixed", "fixedColor": vermillion}},
	{Id: "custom.lineStyle", Value: map[string]any{"fill": "dash", "dash": []int{10, 10}}},
	{Id: "custom.fillOpacity", Value: 0},
}
