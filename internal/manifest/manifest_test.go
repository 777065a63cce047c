package manifest

import (
	"strings"
	"testing"
)

const head = "apiVersion: plimsoll.dev/v1alpha1\nkind: AlertThreshold\n"

// checkAll reads the data as file f and returns every mistake, one a line.
func checkAll(t *testing.T, data string) (mistakes string, set *Set) {
	t.Helper()
	set, err := Reader{Namespace: "ai", Stdin: strings.NewReader(data)}.Read([]string{Stdin})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, mistake := range set.Errors {
		lines = append(lines, mistake.String())
	}
	for _, threshold := range set.Thresholds {
		result := threshold.Check()
		if (result.Plan == nil) != (len(result.Errors) > 0) {
			t.Errorf("plan %v with mistakes %v", result.Plan, result.Errors)
		}
		for _, mistake := range result.Errors {
			lines = append(lines, mistake.String())
		}
	}
	return strings.ReplaceAll(strings.Join(lines, "\n"), "<stdin>:", ""), set
}

// TestMistakes checks that each mistake is said once, where it stands, in words that tell the fix.
func TestMistakes(t *testing.T) {
	const good = head + "metadata: {name: a}\nspec:\n  alert: A\n"
	const cpu = good + "  signal: {name: CPU}\n"
	for name, tc := range map[string]struct {
		data string
		want []string
	}{
		"none": {cpu + "  levels: [{severity: w, above: 80}]", nil},
		"an unknown field": {
			cpu + "  minTrafic: 1\n  levels: [{severity: w, above: 80, abov: 1}]",
			[]string{"7:3: spec.minTrafic: unknown field", "8:37: spec.levels[0].abov: unknown field"},
		},
		"unknown to the metadata": {
			head + "metadata: {name: a, lables: {a: b}}\nspec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}",
			[]string{"3:21: metadata.lables: unknown field"},
		},
		"a label that is a number": {
			head + "metadata:\n  name: a\n  labels: {a: 5}\nspec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}",
			[]string{"5:3: metadata.labels: cannot unmarshal number"},
		},
		"a name that Kubernetes refuses": {
			head + "metadata:\n  name: Not_a_name\nspec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}",
			[]string{`4:3: metadata.name: Invalid value: "Not_a_name"`},
		},
		"no name": {
			head + "metadata: {}\nspec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}",
			[]string{"3:1: metadata.name: Required value"},
		},
		"no metadata": {
			head + "spec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}",
			[]string{"1:1: metadata.name: Required value"},
		},
		"a long name, which both refuse": {
			head + "metadata: {name: " + strings.Repeat("a", 64) + "}\nspec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}",
			[]string{"3:12: metadata.name: Too long"},
		},
		"metadata that are a text": {
			head + "metadata: a\nspec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}",
			[]string{"3:1: metadata: must be of type object"},
		},
		"no spec": {head + "metadata: {name: a}\n", []string{"1:1: spec: Required value"}},
		"a fraction": {
			good + "  signal: {name: HTTPErrorRate}\n  levels: [{severity: w, above: 0.05}]",
			[]string{`7:26: spec.levels[0].above: must be of type integer,string: "number": write it in quotes, "0.05"`},
		},
		"a word that YAML takes for false": {
			cpu + "  mode: Off\n  levels: [{severity: w, above: 80}]",
			[]string{`7:3: spec.mode: must be of type string: "boolean": write it in quotes, "Off"`},
		},
		"what quotes alone would not mend": {
			good + "  signal: {name: HTTPLatency, quantile: 95, window: 5}\n  levels: [{severity: w, above: 2.5, for: 5, keepFiringFor: 1.5}]\n  mode: true",
			[]string{
				"6:31: spec.signal.quantile: Invalid value: \"95\": must lie between",
				"6:45: spec.signal.window: Invalid value: \"5\": must be a duration such as 30s",
				"7:26: spec.levels[0].above: Invalid value: \"2.5\": must be a duration with its unit",
				"7:38: spec.levels[0].for: Invalid value: \"5\": must be a duration such as 30s",
				"7:46: spec.levels[0].keepFiringFor: Invalid value: \"1.5\": must be a duration such as 30s",
				"8:3: spec.mode: Unsupported value: \"true\": supported values: ",
			},
		},
		"wrong types, and the rest checked all the same": {
			good + "  signal:\n    name: HTTPLatency\n    quantile: 0.95\n  levels:\n  - {severity: 5, above: 5%}\n  - 7\n",
			[]string{
				`8:5: spec.signal.quantile: must be of type string: "number": write it in quotes, "0.95"`,
				`10:6: spec.levels[0].severity: must be of type string: "integer": write it in quotes, "5"`,
				`10:19: spec.levels[0].above: Invalid value: "5%": must be a duration with its unit`,
				`11:5: spec.levels[1]: must be of type object: "integer"`,
			},
		},
		"what both would refuse is said once": {
			good + "  expr: up\n  signal: {name: CPU}\n  levels: [{severity: w, above: 80}, {severity: w, above: 1}]",
			[]string{
				"6:3: spec.expr: Forbidden: set exactly one of spec.signal",
				`8:39: spec.levels[1].severity: Duplicate value: "w"`,
			},
		},
		"what only the API server refuses": {
			cpu + "  levels: [{severity: w, above: 80}]\n  annotations: {a: '', b: '', c: '', d: '', e: '', f: '', g: '', h: '', i: '', j: '', k: '', l: '', m: '', n: '', o: '', p: '', q: ''}",
			[]string{"8:3: spec.annotations: Too many: 17: must have at most 16 items"},
		},
		"no text where there must be one": {
			good + "  signal: {name: HTTPLatency, quantile: '', window: '', minTraffic: ''}\n  levels: [{severity: w, above: 2s, for: ''}]",
			[]string{
				`6:31: spec.signal.quantile: Invalid value: "": must not be empty`,
				`6:45: spec.signal.window: Invalid value: "": must not be empty`,
				`6:57: spec.signal.minTraffic: Invalid value: "": must not be empty`,
				`7:37: spec.levels[0].for: Invalid value: "": must not be empty`,
			},
		},
		"numbers that only Go reads": {
			good + "  signal: {name: HTTPLatency, minTraffic: 1_0/s}\n  levels: [{severity: w, below: -0s}, {severity: x, above: 1_0s}]",
			[]string{
				`6:31: spec.signal.minTraffic: Invalid value: "1_0/s": must be a rate per second greater than 0, such as "0.1"`,
				`7:26: spec.levels[0].below: Invalid value: "-0s": must not be negative, but a duration`,
				`7:53: spec.levels[1].above: Invalid value: "1_0s": must be a duration with its unit`,
			},
		},
		"keys with dots": {
			cpu + "  levels: [{severity: w, above: 80}]\n  labels:\n    a: b\n    a.b/c: d\n    a.b: e\n",
			[]string{`10:5: spec.labels[a.b/c]: Invalid value`, `11:5: spec.labels[a.b]: Invalid value`},
		},
		"a key twice": {
			cpu + "  levels:\n  - severity: w\n    above: 80\n    above: 90\n",
			[]string{"10:5: spec.levels[0].above: is set twice, first in line 9"},
		},
		"another version": {
			"apiVersion: plimsoll.dev/v1\nkind: AlertThreshold\nmetadata: {name: a}\nspec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}",
			[]string{"1:1: apiVersion: must be plimsoll.dev/v1alpha1"},
		},
		"another kind of this group": {
			"apiVersion: plimsoll.dev/v1alpha1\nkind: AlertTreshold\nmetadata: {name: a}\nspec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}",
			[]string{"2:1: kind: must be AlertThreshold"},
		},
		"an alias, said where it is used": {
			cpu + "  levels:\n  - &l {severity: w, above: 2s}\n  - *l\n",
			[]string{"8:22: spec.levels[0].above", "8:9: spec.levels[1].severity: Duplicate", "8:22: spec.levels[1].above"},
		},
		"bad YAML, in its line": {cpu + "  levels:\n  - [\n---\na: b: c\n", []string{"8: is not YAML: ", "10: is not YAML: mapping values"}},
		"no object":             {"just a text\n---\n" + cpu + "  levels: [{severity: w, above: 80}]", []string{"1:1: is not a Kubernetes object"}},
		"the same name twice": {
			cpu + "  levels: [{severity: w, above: 80}]\n---\n" + head + "metadata:\n  namespace: ai\n  name: a\nspec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}",
			[]string{"13:3: metadata.name: AlertThreshold ai/a is already in 3:12: rename or remove"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, _ := checkAll(t, tc.data)
			lines := strings.Split(got, "\n")
			if got == "" {
				lines = nil
			}
			if len(lines) != len(tc.want) {
				t.Fatalf("mistakes:\n%s\nwant %d, such as %q", got, len(tc.want), tc.want)
			}
			for _, want := range tc.want {
				if !strings.Contains("\n"+got, "\n"+want) {
					t.Errorf("mistakes:\n%s\ndo not have a line that begins with\n%s", got, want)
				}
			}
		})
	}
}
