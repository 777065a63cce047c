package dashboards_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/dashboards"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// chart is where the generated files lie.
const chart = "../../charts/plimsoll/dashboards"

// document is what the tests read of a dashboard as Grafana would load it.
type document struct {
	UID         string
	Title       string
	Description string
	Panels      []panel
	Links       []struct {
		Tags                  []string
		IncludeVars, KeepTime bool
	}
	Annotations struct{ List []struct{ Name, Expr string } }
	Templating  struct{ List []variable }
}

// variable is one of a dashboard.
type variable struct {
	Name, Type, AllValue, Regex string
	Query                       any
	IncludeAll, Multi           bool
}

type panel struct {
	ID          int
	Type        string
	Title       string
	Description string
	Datasource  struct{ Type string }
	Repeat      string
	// Panels are those of a row that is collapsed.
	Panels      []panel
	Targets     []query
	FieldConfig struct {
		Defaults struct {
			Unit  string
			Links []struct{ URL string }
		}
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value any
			}
		}
	}
	Transformations []struct {
		ID      string
		Options struct{ Regex, RenamePattern string }
	}
	// Options hold a heatmap's unit.
	Options struct{ YAxis struct{ Unit string } }
}

// query is one that a panel asks.
type query struct {
	RefID, Expr, LegendFormat, Format string
	Instant                           bool
}

func (q query) ofLevels() bool { return strings.Contains(q.Expr, rules.ThresholdMetric) }

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
		// kubectl apply keeps a copy in an annotation, of at most 256 KiB with what has to be escaped.
		if escaped, err := json.Marshal(string(f.JSON)); err != nil || len(escaped) > 220_000 {
			t.Errorf("%s is of %d bytes, too large for a ConfigMap that is applied (%v)", f.Name, len(escaped), err)
		}
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
	if len(got.Panels) < 6+len(want) {
		t.Fatalf("%d panels, want six figures and at least %d", len(got.Panels), len(want))
	}
	for _, p := range got.Panels[:6] {
		if p.Type != "stat" {
			t.Errorf("%q is no figure but a %s", p.Title, p.Type)
		}
	}
	for i, w := range want {
		p := got.Panels[6+i]
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
			measures := slices.Contains([]string{"timeseries", "gauge", "heatmap", "stat"}, p.Type)
			if measures && p.FieldConfig.Defaults.Unit == "" && p.Options.YAxis.Unit == "" {
				t.Errorf("%s: panel %q has no unit", name, p.Title)
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
	for _, m := range slices.Concat(metric.All(), metric.Client(), metric.Controller()) {
		if drawn := strings.Contains(queries.String(), m.Name); drawn == (notDrawn[m.Name] != "") {
			t.Errorf("%s: drawn is %v, the reason why not is %q", m.Name, drawn, notDrawn[m.Name])
		}
	}
}

// TestVariablesAndLinks: each dashboard asks for what tells its series apart, and leads to all others with the time and
// the variables kept.
func TestVariablesAndLinks(t *testing.T) {
	want := map[string][]string{
		"overview.json":   {"datasource", "namespace"},
		"assistant.json":  {"datasource", "namespace", "service"},
		"model.json":      {"datasource", "namespace", "source", "service", "model", "quantile"},
		"thresholds.json": {"datasource", "namespace", "alertthreshold", "nearest", "shown"},
		"itself.json":     {"datasource", "namespace", "controller"},
		"logs.json":       {"loki", "namespace", "request_id", "tempo", "jaeger"},
	}
	for name, d := range load(t) {
		var names []string
		for _, v := range d.Templating.List {
			names = append(names, v.Name)
		}
		if !slices.Equal(names, want[name]) {
			t.Errorf("%s has variables %q, want %q", name, names, want[name])
		}
		if d.Description == "" {
			t.Errorf("%s has no description", name)
		}
		if len(d.Links) != 1 || !slices.Equal(d.Links[0].Tags, []string{"plimsoll"}) || !d.Links[0].IncludeVars || !d.Links[0].KeepTime {
			t.Errorf("%s links to %+v, want all of Plimsoll's", name, d.Links)
		}
	}
}

// TestRatesFollowTheZoom: no line is over a window of its own, which would show nothing, or noise, at another scale. Single
// numbers are over that of their signal, as levels are.
func TestRatesFollowTheZoom(t *testing.T) {
	// What a day costs is a question about a day.
	const ofADay = "Cost of the last day"
	ranges := regexp.MustCompile(`\[[^\]]*\]( @ end\(\))?`)
	windows := []string{"[$__rate_interval]", "[$__auto]", "[$__range] @ end()"}
	for name, d := range load(t) {
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				if target.Instant {
					continue
				}
				for _, window := range ranges.FindAllString(target.Expr, -1) {
					if !slices.Contains(windows, window) && !strings.HasPrefix(p.Title, ofADay) {
						t.Errorf("%s: panel %q looks at %s", name, p.Title, window)
					}
				}
			}
		}
	}
}

// TestALineLeadsToItsTrace: the field that the panel takes from a line has a link for each kind of data source, whose address
// is a query that Grafana's Explore can read.
func TestALineLeadsToItsTrace(t *testing.T) {
	var d struct {
		Panels []struct {
			Title           string
			Transformations []struct {
				ID      string
				Options struct{ JSONPaths []struct{ Path string } }
			}
			FieldConfig struct {
				Overrides []struct {
					Matcher    struct{ ID, Options string }
					Properties []struct {
						ID    string
						Value []struct{ Title, URL string }
					}
				}
			}
		}
	}
	files, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if f.Name == "logs.json" {
			if err := json.Unmarshal(f.JSON, &d); err != nil {
				t.Fatal(err)
			}
		}
	}
	panel := d.Panels[len(d.Panels)-1]
	if len(panel.Transformations) != 1 || panel.Transformations[0].Options.JSONPaths[0].Path != "trace_id" {
		t.Fatalf("transformations = %+v", panel.Transformations)
	}
	if o := panel.FieldConfig.Overrides; len(o) != 1 || o[0].Matcher.Options != "trace_id" || len(o[0].Properties[0].Value) != 2 {
		t.Fatalf("overrides = %+v", o)
	}
	for _, link := range panel.FieldConfig.Overrides[0].Properties[0].Value {
		_, panes, _ := strings.Cut(link.URL, "&panes=")
		var parsed map[string]struct {
			Datasource string
			Queries    []struct{ Query string }
		}
		if err := json.Unmarshal([]byte(panes), &parsed); err != nil {
			t.Errorf("%s: %v in %s", link.Title, err, panes)
		}
		if p := parsed["trace"]; len(p.Queries) != 1 || p.Queries[0].Query != "${__value.raw}" || !slices.Contains([]string{"${tempo}", "${jaeger}"}, p.Datasource) {
			t.Errorf("%s leads to %s", link.Title, panes)
		}
	}
}

// TestColours: every colour is of the Okabe-Ito set, which people with any common colour blindness tell apart, or a scale
// that they can read.
func TestColours(t *testing.T) {
	okabeIto := []string{"#0072B2", "#56B4E9", "#009E73", "#E69F00", "#CC79A7", "#D55E00"}
	// Grafana's default for exemplars on a heatmap, which are dots and not a colour to tell apart.
	const exemplars = "rgba(255,0,255,0.7)"
	colour := regexp.MustCompile(`"(?:color|fixedColor|scheme)": "([^"]*)"`)
	files, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		for _, match := range colour.FindAllSubmatch(f.JSON, -1) {
			if c := string(match[1]); !slices.Contains(okabeIto, c) && c != "Viridis" && c != exemplars {
				t.Errorf("%s has the colour %q", f.Name, c)
			}
		}
		if bytes.Contains(f.JSON, []byte(`"palette-classic"`)) {
			t.Errorf("%s leaves colours to Grafana's palette, which has red and green", f.Name)
		}
	}
}
