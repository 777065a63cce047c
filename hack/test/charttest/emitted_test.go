package charttest

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// emitted are all series by name, with the labels that they have: those of internal/metric, which the programs' own tests
// hold them to, those of other sources as package signal knows them, what the rules of thresholds record, what Prometheus adds, and
// what dashboards show of kube-state-metrics.
func emitted() map[string][]string {
	target := []string{"namespace", "service", "pod", "job", "instance", "exported_job", "exported_instance"}
	series := map[string][]string{}
	known := slices.Concat(metric.All(), metric.Client(), metric.Controller(), metric.Runtime(), metric.ControllerRuntime())
	for _, source := range signal.Sources() {
		for _, s := range signal.Of(source) {
			known = append(known, s.Metrics...)
		}
	}
	for _, m := range append(known, metric.Up, metric.ReplicaSetCreated) {
		// Two sources may have a metric of one name.
		labels := slices.Concat(series[m.Name], m.Labels, target)
		series[m.Name] = labels
		if m.Type == metric.Histogram {
			series[m.Bucket()] = append(slices.Clone(labels), "le")
			series[m.Sum()] = labels
			series[m.Count()] = labels
		}
	}
	line := []string{rules.NamespaceLabel, rules.ThresholdLabel, rules.SeverityLabel}
	// A signal's series keep the labels that the signal is told apart by.
	series[rules.SignalMetric] = slices.Concat(line, target, []string{"endpoint", "model"})
	series[rules.ThresholdMetric] = append(slices.Clone(line), rules.ComparisonLabel, rules.UnitLabel, rules.SignalLabel, rules.SourceLabel)
	series["ALERTS"] = append(slices.Clone(line), "alertname", "alertstate")
	return series
}

// TestEveryQueryKeepsTheContract holds every query of dashboards and their variables, of rules, thresholds, samples and
// runbooks to the metrics and labels that are emitted.
func TestEveryQueryKeepsTheContract(t *testing.T) {
	series := emitted()
	for source, queries := range map[string][]string{
		"dashboards": dashboardQueries(t),
		"rules":      bundleQueries(t),
		"thresholds": thresholdQueries(t),
		"runbooks":   runbookQueries(t),
	} {
		if len(queries) < 4 {
			t.Errorf("%s: %d queries", source, len(queries))
		}
		for _, query := range queries {
			for _, wrong := range breaches(query, series) {
				t.Errorf("%s: %s in %s", source, wrong, query)
			}
		}
	}
}

// TestBreaches: the test above can fail.
func TestBreaches(t *testing.T) {
	for query, want := range map[string]int{
		`sum by (endpoint) (rate(http_requests_total{status="500"}[5m]))`:    0,
		`sum by (endpoint) (rate(http_request_total{status="500"}[5m]))`:     2,
		`sum by (endpoint) (rate(http_requests_total{code="500"}[5m]))`:      1,
		`sum by (path) (rate(http_requests_total[5m]))`:                      1,
		`active_sessions{model="m"} / on (pod, route) process_max_fds`:       3,
		`label_replace(active_sessions, "window", "1h", "", "") > on (x) up`: 1,
		`sum by (`: 1,
	} {
		if got := breaches(query, emitted()); len(got) != want {
			t.Errorf("%s: %q, want %d", query, got, want)
		}
	}
}

// breaches says what the query asks for that nothing emits.
func breaches(query string, series map[string][]string) []string {
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		return []string{err.Error()}
	}
	var found, used, known []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			for _, name := range names(n) {
				labels, ok := series[name]
				if !ok {
					found = append(found, "metric "+name)
				}
				known = append(known, labels...)
				for _, m := range n.LabelMatchers {
					if m.Name != "__name__" && ok && !slices.Contains(labels, m.Name) {
						found = append(found, "label "+m.Name+" of "+name)
					}
				}
			}
		case *parser.Call:
			if label, ok := replaced(n); ok {
				known = append(known, label)
			}
		case *parser.AggregateExpr:
			used = append(used, n.Grouping...)
		case *parser.BinaryExpr:
			if n.VectorMatching != nil {
				used = append(used, n.VectorMatching.MatchingLabels...)
				used = append(used, n.VectorMatching.Include...)
			}
		}
		return nil
	})
	for _, label := range used {
		if !slices.Contains(known, label) {
			found = append(found, "label "+label)
		}
	}
	return found
}

// names are those of the metrics that a selector finds: its own, or those that a matcher lists.
func names(n *parser.VectorSelector) []string {
	for _, m := range n.LabelMatchers {
		if m.Name == "__name__" && m.Type == labels.MatchRegexp {
			return strings.Split(m.Value, "|")
		}
	}
	return []string{n.Name}
}

// replaced is the label that a label_replace gives.
func replaced(n *parser.Call) (label string, ok bool) {
	if n.Func.Name != "label_replace" {
		return "", false
	}
	literal, ok := n.Args[1].(*parser.StringLiteral)
	return literal.Val, ok
}

// board is what the tests read of a dashboard.
type board struct {
	Title       string
	Annotations struct{ List []struct{ Expr string } }
	Templating  struct {
		List []struct {
			Query      any
			Datasource struct{ Type string }
		}
	}
	Panels []struct {
		Title      string
		Datasource struct{ Type string }
		Targets    []struct{ Expr string }
	}
}

func boards(t *testing.T) []board {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(chartDir("plimsoll"), "dashboards", "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	var all []board
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var b board
		if err := json.Unmarshal(text, &b); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		all = append(all, b)
	}
	return all
}

// dashboardQueries are the queries of panels and of events, and those by which variables find their values.
func dashboardQueries(t *testing.T) []string {
	t.Helper()
	variables := regexp.MustCompile(`\$(__)?[a-z_]+`)
	values := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
	result := regexp.MustCompile(`^query_result\((.+)\)$`)
	// What is no text stands for a number.
	numbers := strings.NewReplacer("$__rate_interval", "1m", "$__range", "1h", "$quantile", "0.5", "$nearest", "10")
	var queries []string
	for _, b := range boards(t) {
		for _, v := range b.Templating.List {
			if text, ok := v.Query.(string); ok && v.Datasource.Type == "prometheus" {
				if match := values.FindStringSubmatch(text); match != nil {
					queries = append(queries, "sum by ("+match[2]+") ("+variables.ReplaceAllString(match[1], "v")+")")
				}
				if match := result.FindStringSubmatch(text); match != nil {
					queries = append(queries, variables.ReplaceAllString(numbers.Replace(match[1]), "v"))
				}
			}
		}
		for _, a := range b.Annotations.List {
			queries = append(queries, variables.ReplaceAllString(a.Expr, "v"))
		}
		for _, p := range b.Panels {
			for _, target := range p.Targets {
				if p.Datasource.Type == "prometheus" {
					queries = append(queries, variables.ReplaceAllString(numbers.Replace(target.Expr), "v"))
				}
			}
		}
	}
	return queries
}

// bundleQueries are those of the rules that the chart carries, with the controller and without.
func bundleQueries(t *testing.T) []string {
	t.Helper()
	var queries []string
	for _, enabled := range []string{"true", "false"} {
		for _, object := range render(t, "plimsoll", "--set", "controller.enabled="+enabled) {
			if kind(t, object) == "PrometheusRule" {
				queries = append(queries, ruleQueries(decode[monitoringv1.PrometheusRule](t, object).Spec.Groups)...)
			}
		}
	}
	return queries
}

// thresholdQueries are those of the rules that the controller makes of the default alerts and of the samples.
func thresholdQueries(t *testing.T) []string {
	t.Helper()
	thresholds := defaultAlerts(t)
	samples, err := filepath.Glob(filepath.Join(root, "config/samples/*.yaml"))
	if err != nil || len(samples) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, path := range samples {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		sample := decode[v1alpha1.AlertThreshold](t, string(text))
		if sample.Spec.Signal != nil && sample.Spec.Signal.Source != "" {
			continue // package signal holds it to the source's own metrics
		}
		sample.Namespace = "ai"
		thresholds = append(thresholds, sample)
	}
	var queries []string
	for _, threshold := range thresholds {
		plan, errs := rules.Resolve(&threshold)
		if len(errs) > 0 {
			t.Fatalf("%s: %v", threshold.Name, errs)
		}
		queries = append(queries, ruleQueries(plan.Groups())...)
	}
	return queries
}

func ruleQueries(groups []monitoringv1.RuleGroup) []string {
	var queries []string
	for _, group := range groups {
		for _, rule := range group.Rules {
			queries = append(queries, rule.Expr.String())
		}
	}
	return queries
}

// runbookQueries are what stands in code quotes in the runbooks and asks for a series.
func runbookQueries(t *testing.T) []string {
	t.Helper()
	var queries []string
	for _, text := range pages(t, "plimsoll") {
		for _, match := range quoted.FindAllStringSubmatch(text, -1) {
			if query := match[1]; asksForSeries.MatchString(texts.ReplaceAllString(query, "")) {
				queries = append(queries, query)
			}
		}
	}
	return queries
}

var (
	quoted = regexp.MustCompile("`([^`]+)`")
	texts  = regexp.MustCompile(`"[^"]*"`)
	// asksForSeries matches a selector or a range, and what looks like the name of one of our metrics.
	asksForSeries = regexp.MustCompile(
		`[{[]|\b(http|ai|system|session|errors|active|process|go|log|plimsoll|controller|workqueue|rest)_[a-z_]+\b`)
)

// TestRunbooksNamePanels: a panel or a dashboard, in italics, that a runbook sends people to is there.
func TestRunbooksNamePanels(t *testing.T) {
	var titles []string
	for _, b := range boards(t) {
		titles = append(titles, b.Title)
		for _, p := range b.Panels {
			titles = append(titles, p.Title)
		}
	}
	italics := regexp.MustCompile(`(?:^|[^*])\*([^*\n]+)\*(?:[^*]|$)`)
	found := 0
	all := pages(t, "plimsoll")
	maps.Copy(all, pages(t, "plimsoll-stack"))
	for page, text := range all {
		for _, match := range italics.FindAllStringSubmatch(text, -1) {
			found++
			if !slices.Contains(titles, match[1]) {
				t.Errorf("%s: there is no panel or dashboard %q", page, match[1])
			}
		}
	}
	if found == 0 {
		t.Error("no runbook names a panel")
	}
}
