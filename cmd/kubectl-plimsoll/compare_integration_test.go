//go:build integration

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestCompare compares folders with a threshold and rules before and after, over a week of a real Prometheus, without a kubeconfig.
func TestCompare(t *testing.T) {
	server := serverWithCPU(t, "", spikes)
	folder := func(files map[string]string) string {
		dir := t.TempDir()
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	const rules = `
groups:
- name: cpu
  interval: 1m
  rules:
  - {record: "pod:cpu:max", expr: "max by (pod) (system_cpu_usage_percent)"}
  - {alert: Busy, expr: "pod:cpu:max > 80", for: 5m, labels: {severity: warning}}
  - {alert: Same, expr: "system_cpu_usage_percent > 40"}
  - {alert: Gone_by, expr: "system_cpu_usage_percent > 85"}
`
	before := folder(map[string]string{"cpu.yaml": cpuLevels, "rules.yaml": rules})
	changed := strings.NewReplacer("name: cpu", "name: node", "max by (pod)", "max by (namespace)", "Gone_by", "'New|One'").Replace(rules)
	after := folder(map[string]string{"cpu.yaml": strings.Replace(cpuLevels, "above: 80", "above: 91", 1), "rules.yaml": changed})
	args := []string{"backtest", "--compare", before, after, "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339)}

	table := call(t, "", args...)
	for _, want := range []string{
		"2 alerts changed, 1 added, 1 removed, 2 unchanged; those would have fired 21 → 14 times over 7d until ",
		"HighCPUUsage warning > 80% → > 91% 7 → 0 6h25m → 0s level",
		"Busy warning > 80 7 6h25m expression",
		"New|One - - → > 85 - → 7 - → 7h added",
		"Gone_by - > 85 → - 7 → - 7h → - removed",
	} {
		if !strings.Contains(strings.Join(strings.Fields(table.stdout), " "), want) {
			t.Errorf("table does not say %q:\n%s%s", want, table.stdout, table.stderr)
		}
	}
	if table.code != 0 || strings.Contains(table.stdout, "Same") {
		t.Errorf("exit code %d, and what is the same must not be shown:\n%s%s", table.code, table.stdout, table.stderr)
	}
	markdown := call(t, "", append(args, "-o", "markdown")...)
	golden(t, "compare.md", strings.ReplaceAll(markdown.stdout, formatTime(past), "2026-11-24 06:00 UTC"))

	got := call(t, "", append(args, "-o", "json")...)
	var content struct {
		Alerts    []comparedAlert
		Unchanged int
	}
	if err := json.Unmarshal([]byte(got.stdout), &content); err != nil || len(content.Alerts) != 4 || content.Unchanged != 2 {
		t.Fatalf("%v:\n%s", err, got.stdout)
	}
	if first := content.Alerts[0]; first.Name != "cpu" || first.Change != "changed" || first.Before.Fields["level"] != "> 80%" || *first.After.Fires != 0 {
		t.Errorf("first = %+v", first)
	}

	// Only what is new counts, and of that only what differs.
	for limit, code := range map[string]int{"6": 1, "7": 0} {
		if got := call(t, "", append(args, "--max-fires", limit)...); got.code != code || code == 1 && strings.Contains(got.stderr, "Gone") {
			t.Errorf("--max-fires %s: exit code %d, want %d: %s", limit, got.code, code, got.stderr)
		}
	}
	same := call(t, "", append([]string{"backtest", "--compare", before, before, "--max-fires", "0"}, args[4:]...)...)
	if same.code != 0 || same.stdout != "0 alerts changed, 0 added, 0 removed, 5 unchanged\n" {
		t.Errorf("the same twice: exit code %d, %s%s", same.code, same.stdout, same.stderr)
	}
	// As of git show of a file that is new: nothing.
	added := call(t, "", append([]string{"backtest", "--compare", "-", filepath.Join(after, "cpu.yaml")}, args[4:]...)...)
	if added.code != 0 || !strings.Contains(added.stdout, "0 alerts changed, 2 added, 0 removed, 0 unchanged; those would have fired 0 times") {
		t.Errorf("nothing before: exit code %d, %s%s", added.code, added.stdout, added.stderr)
	}
	// What was invalid is repaired by the change; what becomes invalid fails.
	broken := folder(map[string]string{"cpu.yaml": strings.Replace(cpuLevels, "above: 80", "above: 2s", 1)})
	if got := call(t, "", append([]string{"backtest", "--compare", broken, after}, args[4:]...)...); got.code != 0 || !strings.Contains(got.stderr, "Invalid value") {
		t.Errorf("invalid before: exit code %d, %s%s", got.code, got.stdout, got.stderr)
	}
	if got := call(t, "", append([]string{"backtest", "--compare", after, broken}, args[4:]...)...); got.code != 1 || !strings.Contains(got.stderr, "Invalid value") {
		t.Errorf("invalid after: exit code %d, %s%s", got.code, got.stdout, got.stderr)
	}
	// A record of another group, and a signal that is not there: the reader of the comment is told, once.
	elsewhere := strings.Replace(rules, "  - {alert: Busy", "- name: other\n  rules:\n  - {alert: Busy", 1)
	doubt := folder(map[string]string{"cpu.yaml": cpuLevels, "rules.yaml": elsewhere})
	doubtful := folder(map[string]string{"cpu.yaml": strings.Replace(cpuLevels, "namespace: ai", "namespace: web", 1), "rules.yaml": strings.Replace(elsewhere, "> 80", "> 81", 1)})
	got = call(t, "", append([]string{"backtest", "--compare", doubt, doubtful, "-o", "markdown"}, args[4:]...)...)
	for _, want := range []string{"- AlertThreshold web/cpu: the signal had no value in the window\n", "- other/Busy is not exact: the record pod:cpu:max"} {
		if n := strings.Count(got.stdout, want); n != 1 {
			t.Errorf("%q is said %d times:\n%s%s", want, n, got.stdout, got.stderr)
		}
	}
	// A rule that Prometheus refuses.
	refused := folder(map[string]string{"r.yaml": "groups: [{name: g, rules: [{alert: R, expr: 'system_cpu_usage_percent * on (namespace) system_cpu_usage_percent > 0'}]}]"})
	if got := call(t, "", append([]string{"backtest", "--compare", before, refused}, args[4:]...)...); got.code != 1 || !strings.Contains(got.stdout, "- → refused") {
		t.Errorf("refused: exit code %d, %s%s", got.code, got.stdout, got.stderr)
	}
}

// TestCompareInCI runs the README's line for CI as it stands there: the static binary, two commits, and nothing else in the
// environment than where Prometheus is.
func TestCompareInCI(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(readme), "- run: git worktree")
	line, _, _ := strings.Cut("git worktree"+rest, "\n")
	if !found {
		t.Fatal("the README has no line that compares")
	}
	dir := t.TempDir()
	bin, repository := filepath.Join(dir, "bin"), filepath.Join(dir, "repository")
	sh := func(in, command string, env ...string) {
		t.Helper()
		cmd := exec.Command("sh", "-ec", command)
		cmd.Dir, cmd.Env = in, env
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
	}
	sh(".", "go build -o "+bin+"/kubectl-plimsoll .", append(os.Environ(), "CGO_ENABLED=0")...)
	alerts := filepath.Join(repository, "alerts", "ai")
	commit := func(text string) {
		t.Helper()
		if err := os.MkdirAll(alerts, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(alerts, "cpu.yaml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		sh(repository, "git init -q && git add . && git -c user.name=t -c user.email=t@example.com commit -qm change", os.Environ()...)
	}
	commit(cpuLevels)
	commit(strings.Replace(cpuLevels, "above: 80", "above: 91", 1))
	server := serverWithCPU(t, "", spikes)
	sh(repository, line, "PATH="+bin+":/usr/bin:/bin", "PROMETHEUS="+server.URL())
	comment, err := os.ReadFile(filepath.Join(repository, "comment.md"))
	if err != nil || !strings.Contains(string(comment), "**Backtest**: 1 alert changed, 0 added, 0 removed, 1 unchanged;") ||
		!strings.Contains(string(comment), "| HighCPUUsage | warning | > 80% → > 91% | ") {
		t.Errorf("%v: the comment is\n%s", err, comment)
	}
	t.Log("\n" + string(comment))
}

// TestCompareAsksOnce: Prometheus is asked for a history once, though both sides replay it.
func TestCompareAsksOnce(t *testing.T) {
	server := serverWithCPU(t, "", spikes)
	behind, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	asked := map[string]int{}
	proxy := httputil.NewSingleHostReverseProxy(behind)
	counting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		if form, err := url.ParseQuery(string(body)); err == nil && strings.HasSuffix(r.URL.Path, "/query_range") {
			mu.Lock()
			asked[form.Get("query")]++
			mu.Unlock()
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(counting.Close)
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "x.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const rules = `
groups:
- name: cpu
  rules:
  - {alert: Busy, expr: "system_cpu_usage_percent > 80", for: 5m, labels: {severity: warning}}
  - {alert: Calm, expr: "system_cpu_usage_percent < 90", for: 5m, labels: {severity: warning}}
  - {alert: Other, expr: "system_cpu_usage_percent > 85", for: 5m}
`
	shorter := strings.NewReplacer("for: 5m", "for: 10m", "> 85", "> 86").Replace(rules)
	for name, files := range map[string][2]string{
		"thresholds": {cpuLevels, strings.Replace(cpuLevels, "above: 80", "above: 91", 1)}, "rules": {rules, shorter},
	} {
		clear(asked)
		got := call(t, "", "backtest", "--compare", write(files[0]), write(files[1]), "--prometheus-url", counting.URL, "--end", past.Format(time.RFC3339), "--window", "12h")
		if got.code != 0 || len(asked) == 0 {
			t.Fatalf("%s: exit code %d, asked %v: %s%s", name, got.code, asked, got.stdout, got.stderr)
		}
		for query, times := range asked {
			if times != 1 {
				t.Errorf("%s: asked %d times for %s", name, times, query)
			}
		}
		if name == "rules" && len(asked) != 4 {
			t.Errorf("asked for %d expressions, want 4: %v", len(asked), asked)
		}
	}
}
