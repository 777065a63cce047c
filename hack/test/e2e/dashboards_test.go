//go:build e2e

package e2e

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
)

const noServer = "the assistant calls a model's API, and knows neither its queue nor its cache"

const noKeys = "the demo's assistant has no client keys, so that anybody can try it"

// withoutData are the panels that have nothing to show after the demo's traffic, and why.
var withoutData = map[string]string{
	"Time per output token": "the stand-in sends its answers in one piece",
	"Special tokens":        "the stand-in reports neither cached tokens nor thinking",
	"Sizes":                 "no threshold of the demo is of a size",

	"Queue length": noServer, "Time in the queue": noServer, "KV cache usage": noServer, "Preemptions": noServer,
	"Calls by client": noKeys, "Tokens by client": noKeys, "Calls by client and outcome": noKeys, "Cost of the last day by client": noKeys,
}

// levels is the query of a panel for the levels of its signal, which not every signal has.
const levels = "L"

// grafana is what is read of a dashboard.
type grafana struct {
	Panels []struct {
		Title      string
		Datasource struct{ Type string }
		Targets    []struct{ Expr, RefID string }
	}
	Templating struct {
		List []struct {
			Name, Type, Query, Regex, AllValue string
			IncludeAll                         bool
			Datasource                         struct{ Type string }
		}
	}
}

// dashboardsHaveData asks what every panel of every dashboard asks, of the real Prometheus and Loki.
func (s suite) dashboardsHaveData(t *testing.T) {
	var list struct {
		Items []struct{ Data map[string]string }
	}
	out := s.kubectl(t, "get", "configmaps", "--namespace", demo.Namespace, "--selector", "grafana_dashboard=1", "-o", "json")
	if err := json.Unmarshal([]byte(out), &list); err != nil {
		t.Fatal(err)
	}
	s.apply(t, "80%", "--dry-run=server") // nobody has asked the webhook yet
	asked := 0
	for _, item := range list.Items {
		for file, text := range item.Data {
			var d grafana
			if err := json.Unmarshal([]byte(text), &d); err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			variables := s.variables(t, file, d)
			for _, panel := range d.Panels {
				if withoutData[panel.Title] != "" {
					continue
				}
				ask := s.Query
				if panel.Datasource.Type == "loki" {
					ask = s.Logs
				}
				for _, target := range panel.Targets {
					if target.RefID == levels {
						continue
					}
					asked++
					expr := variables.Replace(target.Expr)
					eventually(t, demo.SlowTimeout, func(ctx context.Context) error {
						samples, err := ask(ctx, expr)
						if err == nil && len(samples) == 0 {
							err = fmt.Errorf("%s, panel %q: no data for %s", file, panel.Title, expr)
						}
						return err
					})
				}
			}
		}
	}
	if asked < 50 {
		t.Errorf("%d queries of dashboards, want all of them", asked)
	}
}

// labelValues and queryResult are the queries by which the dashboards' variables find their values; of a result it is the label
// that the variable's regular expression, resultLabel, picks.
var (
	labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
	queryResult = regexp.MustCompile(`^query_result\((.+)\)$`)
	resultLabel = regexp.MustCompile(`^/(\w+)=`)
)

// variables are a dashboard's as Grafana resolves them when somebody opens it: from the data source, one by one, the
// first value or all of them. Of a list that the dashboard brings it is the last, with which there is the most to see.
func (s suite) variables(t *testing.T, file string, d grafana) *strings.Replacer {
	t.Helper()
	// Grafana's own come from the interval of the scrapes and the width of the panel.
	replacements := []string{"$__rate_interval", "1m", "$__auto", "1m", "$__range", "1h"}
	for _, v := range d.Templating.List {
		switch v.Type {
		case "datasource":
			continue
		case "textbox":
			replacements = append(replacements, "$"+v.Name, v.Query)
			continue
		case "custom":
			values := strings.Split(v.Query, ",")
			replacements = append(replacements, "$"+v.Name, cmp.Or(v.AllValue, values[len(values)-1]))
			continue
		}
		query, label := labelValues.FindStringSubmatch(v.Query), ""
		if result := queryResult.FindStringSubmatch(v.Query); result != nil {
			query, label = result, resultLabel.FindStringSubmatch(v.Regex)[1]
		}
		if v.Type != "query" || query == nil {
			t.Fatalf("%s: variable %s of type %s asks %q", file, v.Name, v.Type, v.Query)
		}
		expr := strings.NewReplacer(replacements...).Replace(query[1])
		find := func(ctx context.Context) ([]string, error) { return s.results(ctx, expr, label) }
		if label == "" {
			ask := s.LabelValues
			if v.Datasource.Type == "loki" {
				ask = s.LogLabelValues
			}
			find = func(ctx context.Context) ([]string, error) { return ask(ctx, query[2], expr) }
		}
		var values []string
		eventually(t, demo.SlowTimeout, func(ctx context.Context) (err error) {
			values, err = find(ctx)
			if err == nil && len(values) == 0 {
				err = fmt.Errorf("%s: no value of variable %s", file, v.Name)
			}
			return err
		})
		slices.Sort(values)
		value := values[0]
		if v.IncludeAll {
			for i := range values {
				values[i] = strings.ReplaceAll(regexp.QuoteMeta(values[i]), `\`, `\\`)
			}
			value = cmp.Or(v.AllValue, "("+strings.Join(values, "|")+")")
		}
		replacements = append(replacements, "$"+v.Name, value)
	}
	return strings.NewReplacer(replacements...)
}

// results are the values of a label in the result of a query.
func (s suite) results(ctx context.Context, expr, label string) ([]string, error) {
	samples, err := s.Query(ctx, expr)
	var values []string
	for _, sample := range samples {
		values = append(values, sample.Metric[label])
	}
	return values, err
}
