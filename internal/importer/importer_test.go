package importer

import (
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// imported imports the rules of a rule file into the namespace ai of a server that evaluates every minute.
func imported(t *testing.T, file string) []Import {
	t.Helper()
	var node yaml.Node
	if err := yaml.Unmarshal([]byte(file), &node); err != nil {
		t.Fatal(err)
	}
	set, problems, _ := alert.FromNode(&node)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return FromRules(set, "ai", rules.Options{}, time.Minute)
}

func one(t *testing.T, rule string) Import {
	t.Helper()
	return imported(t, "groups: [{name: g, rules: ["+rule+"]}]")[0]
}

// TestLevel: a rule becomes a value and a level that this crosses exactly where the rule fires.
func TestLevel(t *testing.T) {
	const shown = `annotations: {summary: "at {{ $value | humanize }}"}`
	for rule, want := range map[string]string{
		"expr: 'rate(a[5m]) > 0.5'":                "rate(a[5m]) > 0.5",
		"expr: '5 > a', " + shown:                  "a < 5",
		"expr: 'a >= 5', " + shown:                 "a > 4.999999999999999",
		"expr: 'a <= 1', " + shown:                 "a < 1.0000000000000002",
		"expr: 'a >= 0'":                           "a >= bool 0 > 0",
		"expr: 'a >= 0', " + shown:                 "a >= 0 > -1.7976931348623157e+308",
		"expr: '(up == 0)'":                        "up == bool 0 > 0",
		"expr: 'up == 0', " + shown:                "up == 0 > -1.7976931348623157e+308",
		"expr: 'a > on (job) group_left b'":        "a > bool on (job) group_left () b > 0",
		"expr: 'a and b > 1'":                      "(a and b > 1) ^ 0 > 0",
		"expr: 'a > bool 1'":                       "(a > bool 1) ^ 0 > 0",
		"expr: 'absent(a)'":                        "(absent(a)) ^ 0 > 0",
		"expr: 'a{namespace=~\".*\",b=\"1\"} > 1'": `a{b="1"} > 1`,
		"expr: 'vector(1)'":                        "(vector(1)) ^ 0 > 0",
		"expr: a, labels: {v: '{{.Value}}'}":       "a > -1.7976931348623157e+308",
	} {
		i := one(t, "{alert: A, "+rule+"}")
		if i.Threshold == nil {
			t.Errorf("%s is left: %s", rule, i.Because)
			continue
		}
		level := i.Threshold.Spec.Levels[0]
		got := i.Threshold.Spec.Expr + " > " + string(level.Above)
		if level.Below != "" {
			got = i.Threshold.Spec.Expr + " < " + string(level.Below)
		}
		if got != want {
			t.Errorf("%s is %s, want %s", rule, got, want)
		}
	}
}

func TestFromRules(t *testing.T) {
	all := imported(t, `
groups:
- name: g
  interval: 5m
  labels: {team: infra}
  rules:
  - {record: share, expr: 'used / size', labels: {by: rule}}
  - {alert: DiskFull, expr: 'share > 0.8', for: 1h, labels: {severity: warning}, annotations: {summary: 'full: {{ $value }}'}}
  - {alert: DiskFull, expr: 'share > 0.9', keep_firing_for: 10m, labels: {severity: critical, alertname: x}, annotations: {summary: 'full: {{ $value }}'}}
  - {alert: DiskFull, expr: 'share > 0.7', labels: {severity: critical}, annotations: {summary: other}}
  - {alert: Bare, expr: 'a > 1'}
- name: late
  query_offset: 1m
  rules: [{alert: Late, expr: 'rate(a[5m] offset 2m) + b > 1'}]
`)
	if len(all) != 4 {
		t.Fatalf("%d thresholds, want 4", len(all))
	}
	if late, err := all[3].Rendered(0); all[3].Threshold.Spec.Expr != "rate(a[5m] offset 3m) + b offset 1m" || err != nil || late.Offset() != 0 {
		t.Errorf("what is evaluated in the past is %s, %v", all[3].Threshold.Spec.Expr, err)
	}
	full, other, bare := all[0], all[1], all[2]
	spec := full.Threshold.Spec
	if full.Threshold.Name != "disk-full-warning" || other.Threshold.Name != "disk-full-critical" || bare.Threshold.Name != "bare" || full.Threshold.Namespace != "ai" {
		t.Errorf("they are named %s, %s and %s", full.Threshold.Name, other.Threshold.Name, bare.Threshold.Name)
	}
	if len(full.Rules) != 2 || len(spec.Levels) != 2 || spec.Levels[0].For != "1h" || spec.Levels[1].KeepFiringFor != "10m" || spec.Levels[1].Severity != "critical" {
		t.Errorf("the levels are %+v", spec.Levels)
	}
	if spec.Expr != `label_replace(label_replace(used / size, "by", "rule", "", ""), "team", "infra", "", "")` {
		t.Errorf("the record is put in as %s", spec.Expr)
	}
	if len(spec.Labels) != 1 || spec.Labels["team"] != "infra" || spec.Annotations["summary"] != "full: {{ $value }}" {
		t.Errorf("labels %v, annotations %v", spec.Labels, spec.Annotations)
	}
	if notes := strings.Join(bare.Notes, "\n"); bare.Threshold.Spec.Levels[0].Severity != "warning" || !strings.Contains(notes, "no severity") || !strings.Contains(notes, "every 5m") {
		t.Errorf("notes: %s", notes)
	}
	rendered, err := full.Rendered(1)
	if err != nil || rendered.Labels["severity"] != "critical" || rendered.Labels["alertthreshold"] != "disk-full-warning" || rendered.Labels["alertname"] != "" ||
		!strings.Contains(rendered.Expr, `used{namespace="ai"} / size{namespace="ai"}`) || !strings.HasSuffix(rendered.Expr, "> 0.9") ||
		rendered.Interval != 5*time.Minute || rendered.Index != 2 {
		t.Errorf("rendered is %+v, %v", rendered, err)
	}
}

func TestLeft(t *testing.T) {
	for group, want := range map[string]string{
		"name: g, limit: 3, rules: [{alert: A, expr: a}]":                                                         "limited to 3 alerts",
		"name: g, query_offset: 1m, rules: [{alert: A, expr: 'time() - a > 1'}]":                                  "depends on the time by itself",
		"name: plimsoll.ai.cpu, rules: [{alert: A, expr: a}]":                                                     "is made from AlertThreshold ai/cpu",
		"name: g, rules: [{alert: A, expr: 'count(ALERTS) > 1'}]":                                                 "reads ALERTS",
		"name: g, rules: [{alert: A, expr: 'a{namespace=\"web\"} > 1'}]":                                          `must watch its own namespace "ai" only`,
		"name: g, rules: [{alert: A, expr: 'a > 1', labels: {severity: '{{ $labels.x }}'}}]":                      "spec.levels[0].severity",
		"name: g, rules: [{alert: A, expr: 'a > 1', labels: {namespace: x}}]":                                     "spec.labels[namespace]",
		"name: g, rules: [{alert: A, expr: 'a > 1', annotations: {s: '{{ query \"up\" | first | value }}'}}]":     "query reads the series of every namespace",
		"name: g, rules: [{alert: A, expr: 'sort_by_label(a, \"x\") > 1'}]":                                       "is not PromQL that Prometheus can read",
		"name: g, rules: [{alert: A-b, expr: 'a > 1'}]":                                                           "",
		"name: g, rules: [{alert: A, expr: 'a > 1', labels: {severity: P1}}]":                                     "",
		"name: g, rules: [{alert: A, expr: 'a{x=\"" + strings.Repeat("x", 5000) + "\"} > 1'}]":                    "spec.expr: Too long",
		"name: g, rules: [{alert: A, expr: 'a > 1', annotations: {s: '{{ range $k, $v := .Labels }}{{ end }}'}}]": "",
	} {
		i := imported(t, "groups: [{"+group+"}]")[0]
		if (i.Threshold == nil) != (want != "") || !strings.Contains(i.Because, want) {
			t.Errorf("%.200s is left because %.300q, want %q", group, i.Because, want)
		}
	}
}

// fires is a result with an alert of each of the labels.
func fires(all ...map[string]string) *backtest.Result {
	level := backtest.LevelResult{}
	for _, labels := range all {
		level.Episodes = append(level.Episodes, backtest.Episode{Labels: labels, ActiveAt: time.Unix(60, 0), FiredAt: time.Unix(120, 0), ResolvedAt: time.Unix(180, 0)})
	}
	return &backtest.Result{Levels: []backtest.LevelResult{level}}
}

func TestProve(t *testing.T) {
	type labels = map[string]string
	ofThreshold := labels{"alertname": "A", "namespace": "ai", "alertthreshold": "a", "severity": "warning", "x": "1"}
	for name, tc := range map[string]struct {
		expr string
		// original, imported and confined are the alerts of the rule, of the threshold, and of the rule confined to the namespace.
		original, imported, confined *backtest.Result
		proven                       bool
		says                         string
	}{
		"the same":                {original: fires(labels{"alertname": "A", "x": "1"}), imported: fires(ofThreshold), proven: true, says: "exactly when the rule did, once"},
		"of the namespace":        {original: fires(labels{"alertname": "A", "x": "1", "namespace": "ai"}), imported: fires(ofThreshold), proven: true, says: "once"},
		"and elsewhere":           {original: fires(labels{"alertname": "A", "x": "1"}, labels{"alertname": "A", "x": "1", "namespace": "web"}), imported: fires(ofThreshold), proven: true, says: "In other namespaces the rule fired once"},
		"elsewhere alone":         {original: fires(labels{"alertname": "A", "namespace": "web"}), imported: fires(), says: "not proven: over 0s neither it nor"},
		"never":                   {original: fires(), imported: fires(), says: "not proven"},
		"other labels":            {original: fires(labels{"alertname": "A", "namespace": "ai", "x": "2"}), imported: fires(ofThreshold), says: `1 alerts instead of 1, such as {alertname="A", x="1"} active at 1970-01-01T00:01:00.000Z, firing at 1970-01-01T00:02:00.000Z, resolved at 1970-01-01T00:03:00.000Z`},
		"reads other namespaces":  {original: fires(labels{"alertname": "A", "namespace": "ai", "x": "2"}), imported: fires(), says: `0 alerts instead of 1, without {alertname="A", x="2"}`},
		"counts all namespaces":   {original: fires(labels{"alertname": "A"}), imported: fires(ofThreshold), confined: fires(labels{"alertname": "A", "x": "1"}), proven: true, says: "would, confined to ai"},
		"not even confined":       {original: fires(labels{"alertname": "A"}), imported: fires(ofThreshold), confined: fires(), says: "as the rule confined to ai did"},
		"counts another one":      {original: fires(labels{"alertname": "A"}), imported: fires(), confined: fires(), says: "as the rule did: 0 alerts instead of 1"},
		"reads a record":          {expr: "b > 1", original: fires(labels{"alertname": "A"}), imported: fires(ofThreshold), confined: fires(labels{"alertname": "A", "x": "1"}), says: "Its records are put in"},
		"absent in one namespace": {expr: "absent(a)", original: fires(), imported: fires(ofThreshold), confined: fires(labels{"alertname": "A", "x": "1"}), says: "as the rule did: 1 alerts instead of 0"},
	} {
		if tc.expr == "" {
			tc.expr = "a > 1"
		}
		i := one(t, "{record: b, expr: c}, {alert: A, expr: '"+tc.expr+"'}")
		err := i.Prove(func(r alert.Rule) (*backtest.Result, error) {
			switch {
			case r.Labels["alertthreshold"] != "":
				return tc.imported, nil
			case strings.Contains(r.Expr, `namespace="ai"`):
				return tc.confined, nil
			}
			return tc.original, nil
		})
		text := i.Because
		if i.Threshold != nil {
			text = i.Evidence()
		}
		if err != nil || i.IsProven() != tc.proven || !strings.Contains(text, tc.says) {
			t.Errorf("%s: proven %v, %v: %s", name, i.IsProven(), err, text)
		}
	}
}

// TestProveLevels: a level that did not fire is not proven by one that did.
func TestProveLevels(t *testing.T) {
	i := one(t, "{alert: A, expr: 'a > 1', labels: {severity: warning}}, {alert: A, expr: 'a > 2', labels: {severity: critical}}")
	err := i.Prove(func(r alert.Rule) (*backtest.Result, error) {
		if r.Labels["severity"] == "critical" {
			return fires(), nil
		}
		return fires(map[string]string{"alertname": "A", "namespace": "ai"}), nil
	})
	if err != nil || i.IsProven() || !strings.HasSuffix(i.Evidence(), "once. Not proven: critical, which did not fire") {
		t.Errorf("proven %v, %v: %s", i.IsProven(), err, i.Evidence())
	}
}
