package dashboards_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/dashboards"
)

// oldestGrafana is the one that the dashboards need, as major and minor; its dashboards have schemaVersion 39.
var oldestGrafana = [2]int{10, 4}

// features are what the dashboards use of Grafana, by the version that brought it, or 10.0 where that is longer ago. A new one is
// looked up in Grafana's changelog before it is added here.
var features = map[string]string{
	"10.0": "panel gauge, panel heatmap, panel logs, panel row, panel stat, panel state-timeline, panel table, panel timeseries, " +
		"color fixed, color shades, color thresholds, unit suffix, mapping value, mapping range, " +
		"matcher byFrameRefID, matcher byName, matcher byRegexp, " +
		"property color, property custom.fillOpacity, property custom.lineStyle, property links, property mappings, property unit, " +
		"transformation extractFields format jsonPaths source, transformation merge, transformation organize excludeByName indexByName renameByName, " +
		"transformation renameByRegex regex renamePattern, " +
		"variable custom, variable datasource, variable query, variable textbox, query label_values, query query_result, " +
		"format heatmap, format json, format table, queryType range, interpolation queryparam, " +
		"macro __all, macro __all_variables, macro __data.fields, macro __from, macro __range, macro __rate_interval, macro __to, macro __url_time_range, macro __value.raw, " +
		"annotation datasource, annotation enable, annotation expr, annotation iconColor, annotation name, annotation textFormat, " +
		"annotation titleFormat, annotation useValueForTime, " +
		"option gauge.orientation, option gauge.reduceOptions, option gauge.showThresholdLabels, option gauge.showThresholdMarkers, " +
		"option heatmap.calculate, option heatmap.cellGap, option heatmap.color, option heatmap.exemplars, option heatmap.filterValues, " +
		"option heatmap.legend, option heatmap.showValue, option heatmap.tooltip, option heatmap.yAxis, " +
		"option logs.dedupStrategy, option logs.enableLogDetails, option logs.prettifyLogMessage, option logs.showCommonLabels, " +
		"option logs.showLabels, option logs.showLogContextToggle, option logs.showTime, option logs.sortOrder, option logs.wrapLogMessage, " +
		"option stat.colorMode, option stat.graphMode, option stat.justifyMode, option stat.orientation, option stat.reduceOptions, option stat.textMode, " +
		"option state-timeline.alignValue, option state-timeline.legend, option state-timeline.mergeValues, option state-timeline.rowHeight, " +
		"option state-timeline.showValue, option state-timeline.tooltip, " +
		"option table.cellHeight, option table.footer, option table.frameIndex, option table.showHeader, option table.showTypeIcons, option table.sortBy, " +
		"option timeseries.legend, option timeseries.tooltip",
	"10.2": "macro __auto",
	"10.3": "option gauge.minVizHeight, option gauge.minVizWidth, option gauge.sizing, option stat.showPercentChange, option stat.wideLayout",
	"10.4": "schemaVersion 39",
	"11.1": "option heatmap.selectionMode, option stat.percentChangeColorMode",
	"11.2": "option state-timeline.perPage",
}

// newer says why a feature that the oldest Grafana lacks is used.
var newer = map[string]string{
	"option heatmap.selectionMode":       unset,
	"option stat.percentChangeColorMode": unset,
	"option state-timeline.perPage":      unset,
}

const unset = "the library writes its default, and a Grafana that does not know the option leaves it out"

// TestFeatures: what the dashboards use of Grafana is listed with its version, and needs no newer one than is said.
func TestFeatures(t *testing.T) {
	listed := map[string]string{}
	for version, list := range features {
		for feature := range strings.SplitSeq(list, ", ") {
			listed[feature] = version
		}
	}
	files, err := dashboards.All()
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
	for _, f := range files {
		for _, feature := range featuresOf(t, f.JSON) {
			used[feature] = true
			version, ok := listed[feature]
			if !ok {
				t.Errorf("%s uses %q: look up which Grafana brought it, and list it", f.Name, feature)
			} else if isNewer(t, version) != (newer[feature] != "") {
				t.Errorf("%s uses %q, which Grafana %s brought; the reason is %q", f.Name, feature, version, newer[feature])
			}
		}
	}
	for _, feature := range slices.Sorted(maps.Keys(listed)) {
		if !used[feature] {
			t.Errorf("no dashboard uses %q", feature)
		}
	}
	for _, page := range []string{"../../README.md", "../../charts/plimsoll/README.md"} {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("Grafana %d.%d or newer", oldestGrafana[0], oldestGrafana[1]); !strings.Contains(string(text), want) {
			t.Errorf("%s does not say %q", page, want)
		}
	}
}

// TestFeaturesOf: the test above can fail.
func TestFeaturesOf(t *testing.T) {
	const text = `{"schemaVersion": 42, "annotations": {"list": [{"tagKeys": "a"}]},
		"templating": {"list": [{"type": "adhoc", "query": "metrics(a)"}]},
		"panels": [{"type": "row", "panels": [{"type": "xychart", "options": {"mapping": "auto"}, "transformations": [{"id": "joinByField", "options": {"mode": "outer"}}],
			"targets": [{"format": "time_series", "queryType": "instant", "expr": "rate(a[${__interval_ms}]) * ${b:regex}"}],
			"fieldConfig": {"defaults": {"color": {"mode": "palette-classic"}, "unit": "si:m", "mappings": [{"type": "regex", "options": {}}]},
				"overrides": [{"matcher": {"id": "byType"}, "properties": [{"id": "decimals", "value": [{"type": "special", "options": {}}]}]}]}}]}]}`
	want := []string{
		"annotation tagKeys", "color palette-classic", "format time_series", "interpolation regex", "macro __interval_ms", "mapping regex", "mapping special", "matcher byType",
		"option xychart.mapping", "panel row", "panel xychart", "property decimals", "query metrics", "queryType instant", "schemaVersion 42",
		"transformation joinByField mode", "unit si", "variable adhoc",
	}
	if got := featuresOf(t, []byte(text)); !slices.Equal(got, want) {
		t.Errorf("features are\n%q, want\n%q", got, want)
	}
	if !isNewer(t, "11.0") || !isNewer(t, "10.5") || isNewer(t, "10.4") || isNewer(t, "9.5") {
		t.Error("versions are compared wrongly")
	}
}

// isNewer reports whether the version is newer than the oldest Grafana.
func isNewer(t *testing.T, version string) bool {
	t.Helper()
	var v [2]int
	if _, err := fmt.Sscanf(version, "%d.%d", &v[0], &v[1]); err != nil {
		t.Fatal(err)
	}
	return slices.Compare(v[:], oldestGrafana[:]) > 0
}

type object = map[string]any

// featuresOf are what a dashboard uses of Grafana, sorted.
func featuresOf(t *testing.T, text []byte) []string {
	t.Helper()
	var d object
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{fmt.Sprint("schemaVersion ", d["schemaVersion"]): true}
	macro, form := regexp.MustCompile(`\$\{?(__[a-z_]+(\.[a-z]+)?)`), regexp.MustCompile(`\$\{\w+:(\w+)\}`)
	function, custom := regexp.MustCompile(`^(\w+)\(`), regexp.MustCompile(`^([a-z]+):`)
	walk(d, func(key string, value any) {
		switch v := value.(type) {
		case string:
			for kind, pattern := range map[string]*regexp.Regexp{"macro": macro, "interpolation": form} {
				for _, match := range pattern.FindAllStringSubmatch(v, -1) {
					found[kind+" "+match[1]] = true
				}
			}
			if match := custom.FindStringSubmatch(v); match != nil && key == "unit" {
				found["unit "+match[1]] = true
			}
			if key == "format" || key == "queryType" {
				found[key+" "+v] = true
			}
		case object:
			if mode, ok := v["mode"].(string); ok && key == "color" && v["steps"] == nil { // a heatmap's has
				found["color "+mode] = true
			}
			if id, ok := v["id"].(string); ok && key == "matcher" {
				found["matcher "+id] = true
			}
			if kind, ok := v["type"].(string); ok && v["gridPos"] != nil || v["transformations"] != nil || v["panels"] != nil && v["type"] != nil {
				found["panel "+kind] = true
				options, _ := v["options"].(object)
				for option := range options {
					found["option "+kind+"."+option] = true
				}
			}
		case []any:
			for _, item := range v {
				entry, ok := item.(object)
				if !ok {
					continue
				}
				switch key {
				case "transformations":
					options, _ := entry["options"].(object)
					found[strings.Join(append([]string{"transformation", fmt.Sprint(entry["id"])}, slices.Sorted(maps.Keys(options))...), " ")] = true
				case "properties":
					found[fmt.Sprint("property ", entry["id"])] = true
				case "mappings", "value": // of all fields, and of a property
					if _, ok := entry["options"].(object); ok {
						found[fmt.Sprint("mapping ", entry["type"])] = true
					}
				}
			}
		}
	})
	templating, _ := d["templating"].(object)
	for _, v := range list(templating) {
		found[fmt.Sprint("variable ", v["type"])] = true
		if query, ok := v["query"].(string); ok {
			if match := function.FindStringSubmatch(query); match != nil {
				found["query "+match[1]] = true
			}
		}
	}
	annotations, _ := d["annotations"].(object)
	for _, a := range list(annotations) {
		for field := range a {
			found["annotation "+field] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// list is the list of an object that has one.
func list(o object) (all []object) {
	items, _ := o["list"].([]any)
	for _, item := range items {
		if entry, ok := item.(object); ok {
			all = append(all, entry)
		}
	}
	return all
}

// walk visits every value below an object, with the key that it is under.
func walk(value any, visit func(key string, value any)) {
	switch v := value.(type) {
	case object:
		for key, below := range v {
			visit(key, below)
			walk(below, visit)
		}
	case []any:
		for _, below := range v {
			visit("", below)
			walk(below, visit)
		}
	}
}
