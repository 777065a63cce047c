package dashboards_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// TestFigures: a figure leads to the panel that draws the same over time, in the same unit, and both look at the same levels.
func TestFigures(t *testing.T) {
	documents := load(t)
	link := regexp.MustCompile(`^/d/([a-z-]+)\?viewPanel=(\d+)&\$\{__all_variables\}&\$\{__url_time_range\}$`)
	signals := regexp.MustCompile(rules.SignalLabel + `=~"[A-Za-z|]+"`)
	levels := func(p panel) string {
		for _, q := range p.Targets {
			if q.ofLevels() {
				return signals.FindString(q.Expr)
			}
		}
		return ""
	}
	for name, want := range map[string]string{
		"assistant.json": "Request Rate, Error Rate, Response Time (95th percentile), Time to first token, Cost of the last day, States",
		"model.json":     "Calls, Failed calls, Call duration, Time to first token, Cost of the last day, States",
	} {
		var linked []string
		for _, figure := range documents[name].Panels[:6] {
			match := link.FindStringSubmatch(figure.FieldConfig.Defaults.Links[0].URL)
			if match == nil {
				t.Fatalf("%s: %q leads to %v", name, figure.Title, figure.FieldConfig.Defaults.Links)
			}
			for _, d := range documents {
				for _, p := range d.Panels {
					if d.UID != match[1] || strconv.Itoa(p.ID) != match[2] {
						continue
					}
					linked = append(linked, p.Title)
					if same := p.FieldConfig.Defaults.Unit == figure.FieldConfig.Defaults.Unit && levels(p) == levels(figure); !same && p.Title != "States" {
						t.Errorf("%s: %q is in %q with levels of %q, %q in %q with levels of %q", name, figure.Title, figure.FieldConfig.Defaults.Unit,
							levels(figure), p.Title, p.FieldConfig.Defaults.Unit, levels(p))
					}
				}
			}
		}
		if got := strings.Join(linked, ", "); got != want {
			t.Errorf("%s: the figures lead to %s, want %s", name, got, want)
		}
	}
}

// TestLegends: no line, needle or number is called by a whole series. The panels of the thresholds, whose lines have no labels in
// common, shorten the names.
func TestLegends(t *testing.T) {
	label := regexp.MustCompile(`\{\{ *\w+ *\}\}`)
	for name, d := range load(t) {
		for _, p := range d.Panels {
			for _, q := range p.Targets {
				shortened := len(p.Transformations) == 1 && p.Transformations[0].ID == "renameByRegex"
				named := q.LegendFormat != "" && !strings.Contains(label.ReplaceAllString(q.LegendFormat, ""), "{")
				if p.Type != "table" && p.Type != "logs" && !named && !shortened {
					t.Errorf("%s: a series of panel %q is called by %q", name, p.Title, q.LegendFormat)
				}
			}
		}
	}
}

// TestNamesOfThresholds: of the name of a series the panels of the thresholds leave what tells it apart.
func TestNamesOfThresholds(t *testing.T) {
	for _, p := range load(t)["thresholds.json"].Panels {
		if p.Type != "timeseries" {
			continue
		}
		if len(p.Transformations) != 1 || p.Transformations[0].Options.RenamePattern != "" {
			t.Fatalf("panel %q has the transformations %+v", p.Title, p.Transformations)
		}
		// The last alternative, which leaves out the target beside the pod, looks ahead, as Go's expressions cannot.
		text := strings.Split(strings.TrimPrefix(p.Transformations[0].Options.Regex, "/"), "|(, )?(container")[0]
		shorten := regexp.MustCompile(text)
		for series, want := range map[string]string{
			`plimsoll:signal{alertthreshold="slow", endpoint="/chat", namespace="ai"}`:        `slow, endpoint=/chat`,
			`{alertthreshold="slow", comparison="above", severity="warning"}`:                 `slow, comparison=above, severity=warning`,
			`plimsoll:signal{alertthreshold="cpu", namespace="ai", pod="a-1", source="VLLM"}`: `cpu, pod=a-1, source=VLLM`,
		} {
			if got := shorten.ReplaceAllString(series, ""); got != want {
				t.Errorf("panel %q calls %s %q, want %q", p.Title, series, got, want)
			}
		}
	}
}

// TestLevelsHaveTheUnit: a panel with levels has their unit, draws them as dashed lines, and is in the unit of the signal.
func TestLevelsHaveTheUnit(t *testing.T) {
	of := regexp.MustCompile(`plimsoll:threshold\{namespace="\$namespace", signal=~"([^"]+)", source=~"([^"]+)", unit="(\w+)"`)
	names := map[string]string{
		"Seconds": "s", "Percent": "percent", "Ratio": "percentunit", "PerSecond": "cps", "USD": "currencyUSD", "Bytes": "bytes", "Number": "short",
	}
	drawn := map[string][]string{}
	for name, d := range load(t) {
		for _, p := range d.Panels {
			if !slices.ContainsFunc(p.Targets, query.ofLevels) || p.Type == "table" || p.Type == "state-timeline" {
				continue
			}
			if p.FieldConfig.Defaults.Unit == "" {
				t.Errorf("%s: panel %q has levels and no unit", name, p.Title)
			}
			if name == "thresholds.json" {
				continue // which has a panel for each unit: see TestShown
			}
			for _, q := range p.Targets {
				match := of.FindStringSubmatch(q.Expr)
				if match == nil {
					continue
				}
				unit := names[match[3]]
				switch match[1] {
				case signal.TokenRate:
					unit = "suffix:tokens/s"
				case signal.HTTPRequestRate:
					unit = "reqps"
				}
				if p.FieldConfig.Defaults.Unit != unit {
					t.Errorf("%s: panel %q is in %s, its levels in %s", name, p.Title, p.FieldConfig.Defaults.Unit, match[3])
				}
				for _, one := range strings.Split(match[1], "|") {
					if s, ok := signal.Lookup(one); !ok || string(s.Unit) != match[3] {
						t.Errorf("%s: panel %q draws levels of %s in %s", name, p.Title, one, match[3])
					}
				}
				if p.Type == "timeseries" {
					drawn[name] = append(drawn[name], match[1])
					if o := p.FieldConfig.Overrides; len(o) != 1 || o[0].Matcher.ID != "byFrameRefID" || o[0].Matcher.Options != q.RefID || o[0].Properties[1].ID != "custom.lineStyle" {
						t.Errorf("%s: panel %q does not dash its levels: %+v", name, p.Title, o)
					}
				}
			}
		}
	}
	for name, want := range map[string]string{
		"assistant.json": "HTTPRequestRate HTTPLatency HTTPErrorRate HTTPLatency ActiveSessions RequestsRunning CPU|Memory|Disk",
		"model.json": "ModelErrorRatio ModelLatency ModelTimeToFirstToken TimePerOutputToken TokenRate AnswerTruncatedRatio CostPerHour CostPerDay " +
			"QueueLength QueueTime RequestsRunning CacheUsage Preemptions",
	} {
		if got := strings.Join(drawn[name], " "); got != want {
			t.Errorf("%s draws levels of %s, want %s", name, got, want)
		}
	}
}

// TestTokensAreTokens: what counts tokens is in tokens per second.
func TestTokensAreTokens(t *testing.T) {
	found := 0
	for name, d := range load(t) {
		for _, p := range d.Panels {
			if p.Type != "row" && strings.Contains(strings.ToLower(p.Title), "tokens") {
				if found++; p.FieldConfig.Defaults.Unit != "suffix:tokens/s" {
					t.Errorf("%s: panel %q is in %s", name, p.Title, p.FieldConfig.Defaults.Unit)
				}
			}
		}
	}
	if found != 3 {
		t.Errorf("%d panels of tokens", found)
	}
}

// TestEvents: the assistants' dashboards mark what explains a change of the lines.
func TestEvents(t *testing.T) {
	for name, d := range load(t) {
		var names []string
		for _, a := range d.Annotations.List {
			names = append(names, a.Name)
		}
		want := ""
		if name == "assistant.json" || name == "model.json" {
			want = "Firing alerts, Pod starts, Rollouts (kube-state-metrics)"
		}
		if got := strings.Join(names, ", "); got != want {
			t.Errorf("%s marks %s, want %s", name, got, want)
		}
	}
}
