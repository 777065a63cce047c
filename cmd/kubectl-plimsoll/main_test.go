package main

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/unit"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// result is what a call of the program left behind.
type result struct {
	stdout, stderr string
	code           int
}

// call runs the program as main does, without a kubeconfig.
func call(t *testing.T, stdin string, args ...string) result {
	t.Helper()
	t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
	streams, in, stdout, stderr := genericiooptions.NewTestIOStreams()
	in.WriteString(stdin)
	code := exitCode(run(t.Context(), append([]string{}, args...), streams), stderr)
	return result{stdout.String(), stderr.String(), code}
}

// golden compares the text with the file in testdata.
func golden(t *testing.T, file, got string) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal([]byte(got), want) {
		t.Errorf("%s: got\n%s\nwant\n%s\n(go test -update rewrites it)", path, got, want)
	}
}

// TestGolden runs the program on the files in testdata.
func TestGolden(t *testing.T) {
	for file, tc := range map[string]struct {
		args   []string
		code   int
		stderr string
	}{
		"render.yaml": {
			[]string{"render", "-f", "testdata/latency.yaml", "--rule-labels", "release=prometheus"}, 0,
			"skipped 1 object of other kinds\nAlertThreshold ai/quiet has no rule: its mode is Off\n",
		},
		"render.json": {
			[]string{"render", "-f", "testdata/latency.yaml", "-o", "json", "-n", "ai"}, 0,
			"skipped 1 object of other kinds\nAlertThreshold ai/quiet has no rule: its mode is Off\n",
		},
		"validate.txt": {
			[]string{"validate", "-f", "testdata/mistakes.yaml", "-f", "testdata/latency.yaml"}, 1,
			"skipped 1 object of other kinds\n3 thresholds in 2 files: 3 errors, 0 warnings\n",
		},
		"validate.json": {
			[]string{"validate", "-f", "testdata/mistakes.yaml", "-o", "json"}, 1,
			"1 threshold in 1 file: 3 errors, 0 warnings\n",
		},
	} {
		t.Run(file, func(t *testing.T) {
			got := call(t, "", tc.args...)
			if got.code != tc.code || got.stderr != tc.stderr {
				t.Errorf("exit code %d, stderr\n%s\nwant %d,\n%s", got.code, got.stderr, tc.code, tc.stderr)
			}
			golden(t, file, got.stdout)
		})
	}
}

// TestCommandLine checks what is said to a person, and the exit codes.
func TestCommandLine(t *testing.T) {
	const cpu = "{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: a}, spec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}}"
	for name, tc := range map[string]struct {
		args  []string
		stdin string
		code  int
		// stdout and stderr are parts of what is printed; empty where nothing may be.
		stdout, stderr string
	}{
		"nothing":             {nil, "", 0, "Usage:\n  kubectl plimsoll", ""},
		"help":                {[]string{"render", "-h"}, "", 0, "kubectl plimsoll render -f slow-response.yaml", ""},
		"version":             {[]string{"version"}, "", 0, "kubectl-plimsoll devel\n", ""},
		"an unknown command":  {[]string{"rendr"}, "", 2, "", "unknown command \"rendr\" for \"kubectl plimsoll\"\nSee 'kubectl plimsoll --help' for usage"},
		"an unknown flag":     {[]string{"validate", "--file", "x"}, "", 2, "", "error: unknown flag: --file\nSee 'kubectl plimsoll validate --help' for usage\n"},
		"an unknown format":   {[]string{"validate", "-o", "wide"}, "", 2, "", "must be one of table, json"},
		"an argument":         {[]string{"render", "x.yaml"}, "", 2, "", "See 'kubectl plimsoll render --help' for usage"},
		"no file":             {[]string{"validate"}, "", 2, "", "must say which files"},
		"a missing file":      {[]string{"validate", "-f", "missing.yaml"}, "", 2, "", `the path "missing.yaml" does not exist`},
		"nothing on stdin":    {[]string{"render", "-f", "-"}, "", 2, "", `no AlertThreshold in "-"`},
		"the default":         {[]string{"render", "-f", "-"}, cpu, 0, `namespace: default`, ""},
		"the namespace asked": {[]string{"render", "-f", "-", "-n", "ai"}, cpu, 0, `system_cpu_usage_percent{namespace="ai"}`, ""},
		"another namespace":   {[]string{"render", "-f", "testdata/latency.yaml", "-n", "web"}, "", 1, "", `is not the namespace "web" that --namespace asks for`},
		"a superseded default": {
			[]string{"render", "-f", "-"}, strings.Replace(cpu, "{name: a}", `{name: b, labels: {plimsoll.dev/default: "true"}}`, 1) + "\n---\n" + cpu, 0,
			"name: plimsoll-a", "AlertThreshold default/b has no rule: it is a default, and AlertThreshold default/a has the alert A too",
		},
		"a warning": {
			[]string{"validate", "-f", "-"}, strings.Replace(cpu, "levels:", "labels: {a: '{{ $value }}'}, levels:", 1), 0,
			"<stdin>:1:127: warning: spec.labels[a]: makes another alert", "0 errors, 1 warning",
		},
		"a strict warning":         {[]string{"validate", "-f", "-", "--strict"}, strings.Replace(cpu, "levels:", "labels: {a: '{{ $value }}'}, levels:", 1), 1, "warning: ", "1 warning"},
		"no Prometheus":            {[]string{"backtest", "-f", "-"}, cpu, 2, "", "must say which Prometheus"},
		"no Prometheus to list":    {[]string{"signals"}, "", 2, "", "must say which Prometheus"},
		"no Prometheus to suggest": {[]string{"suggest", "-n", "ai"}, "", 2, "", "must say which Prometheus"},
		"no Prometheus to audit":   {[]string{"audit"}, "", 2, "", "must say which Prometheus"},
		"an audit without load":    {[]string{"audit", "--prometheus-url", "http://x", "--load", "0"}, "", 2, "", "--load must be from 1 to 100"},
		"a name to suggest":        {[]string{"suggest", "a"}, "", 2, "", "See 'kubectl plimsoll suggest --help' for usage"},
		"a bad URL":                {[]string{"backtest", "-f", "-", "--prometheus-url", "localhost"}, cpu, 2, "", "must be http://HOST:PORT"},
		"names and files":          {[]string{"backtest", "a", "-f", "-", "--prometheus-url", "http://x"}, cpu, 2, "", "either names or files"},
		"names and a choice":       {[]string{"backtest", "a", "-A", "--prometheus-url", "http://x"}, "", 2, "", "either names or a choice"},
		"files and a choice":       {[]string{"backtest", "-f", "-", "-l", "a=b", "--prometheus-url", "http://x"}, cpu, 2, "", "either names or files"},
		"a bad selector":           {[]string{"status", "-l", "a in"}, "", 2, "", "--selector must be labels"},
		"neither":                  {[]string{"backtest", "--prometheus-url", "http://x"}, cpu, 2, "", "must say which AlertThresholds"},
		"a bad window":             {[]string{"backtest", "--window", "-1d"}, cpu, 2, "", "must be a duration such as"},
		"a short window":           {[]string{"backtest", "-f", "-", "--prometheus-url", "http://x", "--window", "10s"}, cpu, 2, "", "--window must be longer"},
		"no level":                 {[]string{"drill", "-f", "-", "--prometheus-url", "http://x"}, cpu, 2, "", "use --level with one of w\n"},
		"two to drill":             {[]string{"drill", "-f", "-", "--prometheus-url", "http://x", "--level", "w"}, cpu + "\n---\n" + strings.Replace(cpu, "name: a", "name: b", 1), 2, "", "must be one AlertThreshold, and there are 2"},
		"a drill of Off":           {[]string{"drill", "-f", "-", "--prometheus-url", "http://x", "--level", "w", "--yes"}, strings.Replace(cpu, "levels:", "mode: 'Off', levels:", 1), 2, "", "nothing may be sent for it: its mode is Off"},
		"render of mistakes":       {[]string{"render", "-f", "testdata/mistakes.yaml"}, "", 1, "", "testdata/mistakes.yaml:13:7: spec.levels[0].fore: unknown field"},
		"one to compare":           {[]string{"backtest", "--compare", "-", "--prometheus-url", "http://x"}, cpu, 2, "", "must have two files or folders"},
		"stdin with itself":        {[]string{"backtest", "--compare", "-", "-", "--prometheus-url", "http://x"}, cpu, 2, "", "must have two files or folders"},
		"compare and files":        {[]string{"backtest", "--compare", "-", "x", "-f", "x", "--prometheus-url", "http://x"}, cpu, 2, "", "must be either --compare"},
		"compare what is missing":  {[]string{"backtest", "--compare", "-", "missing.yaml", "--prometheus-url", "http://x"}, cpu, 2, "", `the path "missing.yaml" does not exist`},
		"compare of no alert":      {[]string{"backtest", "--compare", "-", "testdata/latency.yaml", "--alert", "None", "--prometheus-url", "http://x"}, cpu, 2, "", `neither side has the alert "None"`},
		"markdown of one side":     {[]string{"backtest", "-f", "-", "-o", "markdown", "--prometheus-url", "http://x"}, cpu, 2, "", "-o markdown is for --compare"},
		"a rule and names":         {[]string{"status", "a", "--rule", "b"}, "", 2, "", "must be either --rule or AlertThresholds"},
		"a rule and files":         {[]string{"recommend", "-f", "-", "--rule", "b", "--prometheus-url", "http://x"}, cpu, 2, "", "must be either --rule, names or files"},
		"status of both":           {[]string{"status", "a", "-f", "-"}, cpu, 2, "", "must be either names or files"},
		"status of no alert":       {[]string{"status", "-f", "-", "--alert", "B"}, cpu, 2, "", `the files have no alert "B"`},
		"no Prometheus for agents": {[]string{"mcp"}, "", 2, "", "must say which Prometheus"},
		"a picture of two sides":   {[]string{"backtest", "--compare", "-", "x", "-o", "svg", "--prometheus-url", "http://x"}, cpu, 2, "", "-o svg draws one AlertThreshold or alert: remove --compare"},
		"no Prometheus to tune":    {[]string{"tune", "-f", "-"}, cpu, 2, "", "must say which Prometheus"},
		"two to tune":              {[]string{"tune", "-f", "-", "--prometheus-url", "http://x"}, cpu + "\n---\n" + strings.Replace(cpu, "name: a", "name: b", 1), 2, "", "must be one AlertThreshold or alert, and there are 2 (AlertThreshold default/a, AlertThreshold default/b)"},
		"none to tune":             {[]string{"tune", "-f", "-", "--alert", "None", "--prometheus-url", "http://x"}, cpu, 2, "", `nothing has the alert "None"`},
		"a bad time zone":          {[]string{"tune", "--time-zone", "Mars/Olympus"}, "", 2, "", "must be a time zone such as Europe/Berlin"},
		"a port that is none":      {[]string{"tune", "-f", "-", "--prometheus-url", "http://x", "--no-browser", "--port", "70000"}, cpu, 2, "", "listening for the browser: "},
		"completion":               {[]string{"completion", "bash"}, "", 0, "kubectl-plimsoll", ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := call(t, tc.stdin, tc.args...)
			if got.code != tc.code {
				t.Errorf("exit code %d, want %d", got.code, tc.code)
			}
			for stream, s := range map[string]struct{ got, want string }{"stdout": {got.stdout, tc.stdout}, "stderr": {got.stderr, tc.stderr}} {
				if !strings.Contains(s.got, s.want) || s.want == "" && s.got != "" {
					t.Errorf("%s is %q, want %q in it", stream, s.got, s.want)
				}
			}
		})
	}
}

// TestContextNamespace checks that thresholds without a namespace go where kubectl apply would put them.
func TestContextNamespace(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config")
	const text = `{apiVersion: v1, kind: Config, current-context: c, contexts: [{name: c, context: {cluster: x, namespace: web}}], clusters: [{name: x, cluster: {server: "http://127.0.0.1:1"}}]}`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := call(t, "", "validate", "-f", "testdata/mistakes.yaml", "-f", "testdata/latency.yaml", "--kubeconfig", config)
	if got.code != 1 || !strings.Contains(got.stderr, "3 thresholds") {
		t.Errorf("exit code %d, stderr %s", got.code, got.stderr)
	}
	const cpu = "{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: a}, spec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}}"
	got = call(t, cpu, "render", "-f", "-", "--kubeconfig", config)
	if !strings.Contains(got.stdout, "namespace: web") {
		t.Errorf("rendered\n%s%s\nwant namespace web", got.stdout, got.stderr)
	}
}

// TestPatchCommandIsQuoted: a severity may have the shell's own quotes.
func TestPatchCommandIsQuoted(t *testing.T) {
	for severity, want := range map[string]string{"P1": `"value":"P1"`, "it's": `"value":"it'\''s"`, `"bad"`: `"value":"\"bad\""`} {
		r := recommended{patched: []bool{true}, results: []backtest.Recommendation{{Level: rules.Level{Severity: severity, Comparison: rules.Above, Unit: unit.Number}}}}
		if got := r.patchCommand(); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s in it", severity, got, want)
		}
	}
}
