package dashboards_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"

	"github.com/plimsoll-dev/plimsoll/internal/dashboards"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// chart is where the generated files lie.
const chart = "../../charts/plimsoll/dashboards"

// document is what the tests read of a dashboard as Grafana would load it.
type document struct {
	UID    string
	Title  string
	Panels []panel
}

type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	Datasource  struct{ Type string }
	Targets     []struct{ Expr string }
	FieldConfig struct{ Defaults struct{ Unit string } }
}

func load(t *testing.T) map[string]document {
	t.Helper()
	files, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	documents := make(map[string]document, len(files))
	for _, f := range files {
		var d document
		if err := json.Unmarshal(f.JSON, &d); err != nil {
			t.Fatalf("%s: %v", f.Name, err)
		}
		documents[f.Name] = d
	}
	return documents
}

func TestChartCarriesTheGeneratedFiles(t *testing.T) {
	files, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range files {
		names = append(names, f.Name)
		committed, err := os.ReadFile(filepath.Join(chart, f.Name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(committed, f.JSON) {
			t.Errorf("%s is stale: go run ./hack/dashboards charts/plimsoll/dashboards", f.Name)
		}
	}
	entries, err := os.ReadDir(chart)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(names, e.Name()) {
			t.Errorf("%s is in the chart but nothing builds it", e.Name())
		}
	}
}

func TestAssistantHasTheSourceDocumentsPanels(t *testing.T) {
	got := load(t)["assistant.json"]
	if got.Title != "AI Assistant Monitoring" || got.UID != "plimsoll-assistant" {
		t.Errorf("title %q, uid %q", got.Title, got.UID)
	}
	want := []struct{ title, kind, unit string }{
		{"Request Rate", "timeseries", "reqps"},
		{"Response Time (95th percentile)", "timeseries", "s"},
		{"Error Rate", "timeseries", "cps"},
		{"AI Model Response Time", "timeseries", "s"},
		{"System CPU Usage", "gauge", "percent"},
		{"System Memory Usage", "gauge", "percent"},
	}
	if len(got.Panels) < len(want) {
		t.Fatalf("%d panels, want at least %d", len(got.Panels), len(want))
	}
	for i, w := range want {
		p := got.Panels[i]
		if p.Title != w.title || p.Type != w.kind || p.FieldConfig.Defaults.Unit != w.unit {
			t.Errorf("panel %d is %s %q in %q, want %s %q in %q",
				i, p.Type, p.Title, p.FieldConfig.Defaults.Unit, w.kind, w.title, w.unit)
		}
	}
}

// TestPanels: every panel says what it shows, asks for something, and has an id of its own that links can name.
func TestPanels(t *testing.T) {
	for name, d := range load(t) {
		ids := map[int]bool{}
		for _, p := range d.Panels {
			if ids[p.ID] || p.ID == 0 {
				t.Errorf("%s: panel %q has id %d", name, p.Title, p.ID)
			}
			ids[p.ID] = true
			if p.Type != "row" && (p.Description == "" || len(p.Targets) == 0) {
				t.Errorf("%s: panel %q has no description or asks for nothing", name, p.Title)
			}
		}
	}
}

// TestEveryMetricIsDrawn: what the assistant and the controller emit is on a dashboard, or listed here with the reason why not.
func TestEveryMetricIsDrawn(t *testing.T) {
	notDrawn := map[string]string{}
	var queries strings.Builder
	for _, d := range load(t) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				queries.WriteString(target.Expr + "\n")
			}
		}
	}
	for _, m := range slices.Concat(metric.All(), metric.Controller()) {
		if drawn := strings.Contains(queries.String(), m.Name); drawn == (notDrawn[m.Name] != "") {
			t.Errorf("%s: drawn is %v, the reason why not is %q", m.Name, drawn, notDrawn[m.Name])
		}
	}
}

// TestQueriesKeepTheContract holds every query to the metrics and labels that are emitted, besides the labels that
// Prometheus puts on a pod's series.
func TestQueriesKeepTheContract(t *testing.T) {
	target := []string{"namespace", "service", "pod"}
	labels := make(map[string][]string)
	for _, m := range slices.Concat(metric.All(), metric.Controller(), metric.Runtime(), metric.ControllerRuntime()) {
		allowed := slices.Concat(m.Labels, target)
		labels[m.Name] = allowed
		if m.Type == metric.Histogram {
			labels[m.Bucket()] = append(slices.Clone(allowed), "le")
			labels[m.Sum()] = allowed
			labels[m.Total()] = allowed
		}
	}
	line := []string{rules.NamespaceLabel, rules.ThresholdLabel, rules.SeverityLabel}
	labels[rules.SignalMetric] = line
	labels[rules.ThresholdMetric] = append(slices.Clone(line), rules.ComparisonLabel)
	labels["ALERTS"] = append(slices.Clone(line), "alertname", "alertstate") // Prometheus' own
	variables := strings.NewReplacer("$__rate_interval", "1m", "$namespace", "ai", "$service", "plimsoll-assistant",
		"$controller", "plimsoll-controller")
	for _, d := range load(t) {
		for _, p := range d.Panels {
			if p.Datasource.Type == "loki" {
				continue
			}
			for _, target := range p.Targets {
				checkQuery(t, p.Title, variables.Replace(target.Expr), labels)
			}
		}
	}
}

func checkQuery(t *testing.T, title, query string, labels map[string][]string) {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Errorf("panel %q: %v", title, err)
		return
	}
	var used, allowed []string
	parser.Inspect(expr, func(node parser.Node, _ []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			if _, ok := labels[n.Name]; !ok {
				t.Errorf("panel %q asks for %q, which is not in the contract", title, n.Name)
			}
			allowed = append(allowed, labels[n.Name]...)
			for _, m := range n.LabelMatchers {
				if m.Name != "__name__" {
					used = append(used, m.Name)
				}
			}
		case *parser.AggregateExpr:
			used = append(used, n.Grouping...)
		}
		return nil
	})
	for _, label := range used {
		if !slices.Contains(allowed, label) {
			t.Errorf("panel %q uses label %q, which its metrics do not have", title, label)
		}
	}
}
