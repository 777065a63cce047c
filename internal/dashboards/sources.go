package dashboards

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// everything is what a variable stands for when all of its values are chosen: also series that lack the label.
const everything = ".*"

// sourceLabel tells the sources apart; no signal has it from its metrics.
const sourceLabel = "source"

// bySource draws a signal as each chosen source has it with its levels, by model and by what else is asked for where the source
// knows it.
func bySource(name, title, colour string, more ...string) *timeseries.PanelBuilder {
	s, _ := signal.Lookup(name)
	window := "$__rate_interval"
	if name == signal.CostPerDay {
		window = s.Window
	}
	by := append([]string{"model"}, more...)
	return withLevels(sourcePanel(name, title, s.Means, unitOfSignal(s), colour).
		WithTarget(query(legend(strings.Join(append([]string{sourceLabel}, by...), ", ")), "%s", chosenSources(name, value, window, by...))),
		"$source", name)
}

// callsBySource draws the calls, failed ones too, that the sources' ratio of failures is a part of.
func callsBySource(title string) *timeseries.PanelBuilder {
	return sourcePanel(signal.ModelErrorRatio, title, "calls per second, failed ones too", units.RequestsPerSecond, blue).
		WithTarget(query(legend(sourceLabel+", model"), "%s", chosenSources(signal.ModelErrorRatio, traffic, "$__rate_interval", "model")))
}

// sourcePanel is a panel without queries for what the sources have of a signal.
func sourcePanel(name, title, means, unit, colour string) *timeseries.PanelBuilder {
	return timePanel(title, sentence(means)+" Sources that have it: "+strings.Join(names(sourcesOf(name)), ", ")+".", unit, colour)
}

// sentence makes a sentence of words that follow a name and a colon.
func sentence(means string) string { return strings.ToUpper(means[:1]) + means[1:] + "." }

// names are the sources' as texts.
func names(sources []signal.Source) []string {
	var texts []string
	for _, source := range sources {
		texts = append(texts, string(source))
	}
	return texts
}

// sourcesOf are the sources that have the signal.
func sourcesOf(name string) []signal.Source {
	return slices.DeleteFunc(signal.Sources(), func(source signal.Source) bool {
		_, err := signal.Signal{Name: name}.From(source, "")
		return err != nil
	})
}

// asker is what is asked of a signal: its value, or the traffic that it is a ratio or quantile of.
type asker func(signal.Signal, signal.Query) string

var (
	value   asker = signal.Signal.Expr
	traffic asker = signal.Signal.TrafficExpr
)

// chosenSources is PromQL of the signal as each chosen source has it: only series of a source whose name the variable matches get
// the label that the last part asks for.
func chosenSources(name string, asked asker, window string, by ...string) string {
	match := map[string]string{"service": "$service", "model": "$model"}
	all := ofSources(name, asked, signal.Query{Match: match, Window: window, Quantile: "$quantile"}, by...)
	return fmt.Sprintf(`label_replace(%s, "chosen", "yes", %q, "$source") and on (chosen) label_replace(vector(1), "chosen", "yes", "", "")`,
		all, sourceLabel)
}

// ofSources is PromQL of the signal as each source has it, with the source as a label: by those labels that the source has, and by
// namespace where the model is none of them. A model is only matched where there is a label for it.
func ofSources(name string, asked asker, q signal.Query, by ...string) string {
	var parts []string
	for _, source := range sourcesOf(name) {
		s, _ := signal.Signal{Name: name}.From(source, "")
		q := q
		q.Namespace, q.Match = "$namespace", maps.Clone(q.Match)
		q.By = slices.DeleteFunc(slices.Clone(by), func(label string) bool { return !slices.Contains(s.By, label) })
		if !slices.Contains(s.By, "model") {
			delete(q.Match, "model")
		}
		if !slices.Contains(q.By, "model") {
			q.By = append(q.By, "namespace") // one line, of all models
		}
		parts = append(parts, fmt.Sprintf(`label_replace(%s, %q, %q, "", "")`, asked(s, q), sourceLabel, source))
	}
	return several(strings.Join(parts, " or "))
}

// several lets the variables that may have several values match any of them: such a value is a regular expression.
func several(expr string) string {
	return strings.NewReplacer(`="$service"`, `=~"$service"`, `="$model"`, `=~"$model"`).Replace(expr)
}

// withSourceScope gives a dashboard the variables of ofSources and of modelScope.
func withSourceScope(d *dashboard.DashboardBuilder) *dashboard.DashboardBuilder {
	models := `query_result(sum by (model) (` + strings.ReplaceAll(chosenSources(signal.TokenRate, value, "5m", "model"), "$model", everything) + `))`
	return d.
		WithVariable(sourceVariable()).
		WithVariable(labelVariable("namespace", "{"+marks()+"}")).
		WithVariable(custom(sourceLabel, names(signal.Sources())...).Multi(true).IncludeAll(true).AllValue(everything)).
		WithVariable(labelVariable("service", "{"+marks()+`, namespace="$namespace"}`).Multi(true).IncludeAll(true).AllValue(everything)).
		WithVariable(labelVariable("model", "").
			Query(dashboard.StringOrMap{String: &models}).Regex(`/model="([^"]+)"/`).Multi(true).IncludeAll(true).AllValue(everything)).
		WithVariable(custom("quantile", "0.95", "0.5", "0.99"))
}

// custom offers the values, the first of which is chosen at first.
func custom(name string, values ...string) *dashboard.CustomVariableBuilder {
	return dashboard.NewCustomVariableBuilder(name).
		Label(name).
		Values(dashboard.StringOrMap{String: cog.ToPtr(strings.Join(values, ","))})
}

// marks matches the names of the metrics by which a source is known to be there.
func marks() string {
	var names []string
	for _, source := range signal.Sources() {
		for _, name := range []string{signal.RequestsRunning, signal.TokenRate} {
			s, err := signal.Signal{Name: name}.From(source, "")
			if err != nil {
				continue
			}
			for _, m := range s.Metrics {
				if names = append(names, m.Name); m.Type == metric.Histogram {
					names = append(names, m.Count())
				}
			}
		}
	}
	slices.Sort(names)
	return `__name__=~"` + strings.Join(slices.Compact(names), "|") + `"`
}
