package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/manifest"
)

const cpuLevels = `{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: cpu, namespace: ai}, spec: {alert: HighCPUUsage, signal: {name: CPU}, levels: [{severity: warning, above: 80, for: 5m}, {severity: critical, above: 95}]}}`

// alertOf is a rule of the group, written as "GROUP NAME SEVERITY EXPR"; a dash for no severity.
func alertOf(text string) alert.Rule {
	parts := strings.SplitN(text, " ", 4)
	r := alert.Rule{Ref: alert.Ref{Namespace: "m", Object: "o", Group: parts[0], Name: parts[1]}, Expr: parts[3], Labels: map[string]string{}}
	if parts[2] != "-" {
		r.Labels["severity"] = parts[2]
	}
	return r
}

func setOf(lines ...string) (set alert.Set) {
	for _, line := range lines {
		set.Alerts = append(set.Alerts, alertOf(line))
	}
	return set
}

// TestPairRules checks which rules are the same alert on both sides, and what of them differs.
func TestPairRules(t *testing.T) {
	lines := func(lines ...string) []string { return lines }
	for name, tc := range map[string]struct{ before, after, want []string }{
		"the same":                   {lines("g A w up > 1"), lines("g A w up > 1"), lines("A w: ")},
		"another layout":             {lines("g A w sum( up )>1"), lines("g A w sum(up) > 1.0"), lines("A w: ")},
		"a level":                    {lines("g A w up > 1"), lines("g A w up > 2"), lines("A w: level")},
		"an operator":                {lines("g A w up > 1"), lines("g A w up >= 1"), lines("A w: level")},
		"an expression":              {lines("g A w up > 1"), lines("g A w down > 1"), lines("A w: expression")},
		"no level":                   {lines("g A w absent(up)"), lines("g A w absent(down)"), lines("A w: expression")},
		"a new one":                  {nil, lines("g A w up > 1"), lines("A w: added")},
		"a missing one":              {lines("g A w up > 1", "g B w up > 1"), lines("g B w up > 1"), lines("B w: ", "A w: removed")},
		"another severity":           {lines("g A w up > 1"), lines("g A c up > 1"), lines("A c: added", "A w: removed")},
		"a renamed group":            {lines("g A w up > 1"), lines("h A w up > 2"), lines("A w: level")},
		"a renamed group of two":     {lines("g A w up > 1", "g A w up > 2"), lines("h A w up > 1", "h A w up > 3"), lines("A w: added", "A w: added", "A w: removed", "A w: removed")},
		"two by severity":            {lines("g A w up > 1", "g A c up > 2"), lines("g A c up > 3", "g A w up > 1"), lines("A c: level", "A w: ")},
		"two of one name":            {lines("g A - up > 1", "g A - up > 2"), lines("g A - up > 2", "g A - up > 3"), lines("A -: ", "A -: level")},
		"one more of that name":      {lines("g A - up > 1"), lines("g A - up > 2", "g A - up > 1"), lines("A -: added", "A -: ")},
		"another group of that name": {lines("g A w up > 1"), lines("g A w up > 2", "h A w up > 1"), lines("A w: level", "A w: added")},
	} {
		t.Run(name, func(t *testing.T) {
			before, after := setOf(tc.before...), setOf(tc.after...)
			var got []string
			for _, p := range matchVersions(ruleVersions(before, nil), ruleVersions(after, nil)) {
				got = append(got, fmt.Sprintf("%s %s: %s", p.named().Alert, orDash(p.named().Severity), strings.Join(p.changed(), ",")))
			}
			if fmt.Sprint(got) != fmt.Sprint(tc.want) {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

// TestPairDurations checks what else of a rule makes it another.
func TestPairDurations(t *testing.T) {
	for want, change := range map[string]func(*alert.Rule){
		"for":             func(r *alert.Rule) { r.For = time.Minute },
		"keep_firing_for": func(r *alert.Rule) { r.KeepFiringFor = time.Minute },
		"interval":        func(r *alert.Rule) { r.Interval = time.Minute },
		"limit":           func(r *alert.Rule) { r.Limit = 3 },
		"labels":          func(r *alert.Rule) { r.Labels["team"] = "ai" },
		"":                func(r *alert.Rule) { r.Annotations, r.Line = map[string]string{"a": "b"}, 7 },
	} {
		before, after := setOf("g A w up > 1"), setOf("g A w up > 1")
		change(&after.Alerts[0])
		pairs := matchVersions(ruleVersions(before, nil), ruleVersions(after, nil))
		if got := strings.Join(pairs[0].changed(), ","); len(pairs) != 1 || got != want {
			t.Errorf("changed is %q in %d pairs, want %q", got, len(pairs), want)
		}
	}
}

// TestPairRecords checks that a rule is another when a record that it reads, directly or not, is.
func TestPairRecords(t *testing.T) {
	record := func(name, expr string) alert.Record {
		return alert.Record{Ref: alert.Ref{Group: "r", Name: name}, Expr: expr}
	}
	before, after := setOf("g A w twice > 1", "g B w other > 1"), setOf("g A w twice > 1", "g B w other > 1")
	before.Records = []alert.Record{record("once", "sum(up)"), record("twice", "2 * once"), record("other", "up")}
	after.Records = []alert.Record{record("once", "count(up)"), record("twice", "2 * once"), record("other", "up")}
	changed := alert.ChangedRecords(before, after)
	c := newComparison(matchVersions(ruleVersions(before, changed), ruleVersions(after, changed)), backtest.Window{}, changed)
	if len(c.pairs) != 1 || c.unchanged != 1 || c.pairs[0].named().Alert != "A" || c.pairs[0].changed()[0] != "expression" {
		t.Errorf("comparison is %+v", c)
	}
}

// TestPairThresholds checks that levels are paired by the threshold's name and their severity.
func TestPairThresholds(t *testing.T) {
	versions := func(text string) []*alertVersion {
		set, err := manifest.Reader{Stdin: strings.NewReader(text)}.Read([]string{manifest.Stdin})
		if err != nil {
			t.Fatal(err)
		}
		checked := set.Thresholds[0].Check()
		return thresholdVersions([]target{{checked.Resource, checked.Plan}})
	}
	for want, replace := range map[string][2]string{
		"warning | critical":                                                  {"above: 80", "above: 80"},
		"warning level | critical":                                            {"above: 80", "above: 85"},
		"warning for | critical":                                              {"for: 5m", "for: 10m"},
		"warning alert | critical alert":                                      {"HighCPUUsage", "BusyCPU"},
		"warning mode | critical mode":                                        {"alert:", "mode: Shadow, alert:"},
		"info added | critical | warning removed":                             {"warning", "info"},
		"warning expression | critical expression":                            {"name: CPU", "name: CPU, matchLabels: {pod: one}"},
		"warning added | critical added | warning removed | critical removed": {"name: cpu", "name: cpu2"},
	} {
		var got []string
		for _, p := range matchVersions(versions(cpuLevels), versions(strings.Replace(cpuLevels, replace[0], replace[1], 1))) {
			got = append(got, strings.TrimSpace(p.named().Severity+" "+strings.Join(p.changed(), ",")))
		}
		if strings.Join(got, " | ") != want {
			t.Errorf("%q: got %q, want %q", replace[1], strings.Join(got, " | "), want)
		}
	}
}
