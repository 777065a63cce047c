package dashboards

import (
	"fmt"
	"slices"
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// everything is what a variable stands for when all of its values are chosen: also series that lack the label.
const everything = ".*"

// sourceLabel tells the sources apart; no signal has it from its metrics.
const sourceLabel = "source"

// bySource draws a signal as each chosen source has it, by model and by what else is asked for where the source knows it.
func bySource(name, title, colour string, more ...string) *timeseries.PanelBuilder {
	s, _ := signal.Lookup(name)
	var having []string
	for _, source := range sourcesOf(name) {
		having = append(having, string(source))
	}
	description := strings.ToUpper(s.Means[:1]) + s.Means[1:] + ". Sources that have it: " + strings.Join(having, ", ") + "."
	by := append([]string{"model"}, more...)
	window := "$__rate_interval"
	if name == signal.CostPerDay {
		window = s.Window
	}
	return timePanel(title, description, unitOf[s.Unit], colour).
		WithTarget(query(legend(strings.Join(append([]string{sourceLabel}, by...), ", ")), "%s", ofSources(name, window, by...)))
}

// sourcesOf are the sources that have the signal.
func sourcesOf(name string) []signal.Source {
	return slices.DeleteFunc(signal.Sources(), func(source signal.Source) bool {
		_, err := signal.Signal{Name: name}.From(source, "")
		return err != nil
	})
}

// ofSources is PromQL of the signal as each chosen source has it: only series of a source whose name the variable matches get the
// label that the last part asks for.
func ofSources(name, window string, by ...string) string {
	var parts []string
	for _, source := range sourcesOf(name) {
		s, _ := signal.Signal{Name: name}.From(source, "")
		q := signal.Query{Namespace: "$namespace", Match: map[string]string{"service": "$service"}, Window: window, Quantile: "$quantile"}
		q.By = slices.DeleteFunc(slices.Clone(by), func(label string) bool { return !slices.Contains(s.By, label) })
		if slices.Contains(q.By, "model") {
			q.Match["model"] = "$model"
		} else {
			q.By = append(q.By, "namespace") // one line, of all models
		}
		parts = append(parts, fmt.Sprintf(`label_replace(%s, %q, %q, "", "")`, s.Expr(q), sourceLabel, source))
	}
	// A variable with several values is a regular expression.
	all := strings.NewReplacer(`="$service"`, `=~"$service"`, `="$model"`, `=~"$model"`).Replace(strings.Join(parts, " or "))
	return fmt.Sprintf(`label_replace(%s, "chosen", "yes", %q, "$source") and on (chosen) label_replace(vector(1), "chosen", "yes", "", "")`,
		all, sourceLabel)
}

// withSourceScope gives a dashboard the variables of ofSources and of modelScope.
func withSourceScope(d *dashboard.DashboardBuilder) *dashboard.DashboardBuilder {
	var names []string
	for _, source := range signal.Sources() {
		names = append(names, string(source))
	}
	models := `query_result(sum by (model) (` + strings.ReplaceAll(ofSources(signal.TokenRate, "5m", "model"), "$model", everything) + `))`
	return d.
		WithVariable(sourceVariable()).
		WithVariable(labelVariable("namespace", "{"+marks()+"}")).
		WithVariable(custom(sourceLabel, names...).Multi(true).IncludeAll(true).AllValue(everything)).
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
