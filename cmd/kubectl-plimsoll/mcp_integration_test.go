//go:build integration

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/plimsoll-dev/plimsoll/hack/test/controlplane"
)

// agentUser may view what Plimsoll reads in the cluster, and nothing else.
const agentUser = "agent"

const agentRights = `
{apiVersion: v1, kind: Namespace, metadata: {name: ai}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: agent}
rules:
- {apiGroups: [plimsoll.dev], resources: [alertthresholds], verbs: [get, list]}
- {apiGroups: [monitoring.coreos.com], resources: [prometheusrules, prometheuses, thanosrulers], verbs: [get, list]}
- {apiGroups: [""], resources: [namespaces], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: agent}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: agent}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: agent}]
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata: {name: audited, namespace: ai}
spec: {groups: [{name: audited, interval: 1m, rules: [{alert: Fine, expr: system_cpu_usage_percent > 99, for: 5m}]}]}
---
`

// TestAgent asks every tool of a real cluster, as a user that may only view, and of a real Prometheus. The answers are those of the commands.
func TestAgent(t *testing.T) {
	t.Run("Answers", answerAgent)
	asked, err := controlplane.Asked(agentUser)
	if err != nil {
		t.Fatal(err)
	}
	if len(asked.Used) == 0 {
		t.Error("nothing was asked of the cluster")
	}
	for _, rights := range []map[string]bool{names(asked.Used), names(asked.Refused)} {
		for right := range rights {
			if verb, _, _ := strings.Cut(right, " "); verb != "get" && verb != "list" {
				t.Errorf("an agent's tools asked to %s", right)
			}
		}
	}
}

func names[K interface {
	comparable
	fmt.Stringer
}](set map[K]bool) map[string]bool {
	texts := map[string]bool{}
	for one := range set {
		texts[one.String()] = true
	}
	return texts
}

func answerAgent(t *testing.T) {
	server := auditServer(t)
	s := newStage(t)
	if err := s.create(agentRights + cpuLevels); err != nil {
		t.Fatal(err)
	}
	proxy, requests := watched(t, server.URL(), nil)
	flags := []string{"--kubeconfig", s.kubeconfig, "--as", agentUser, "-n", "ai", "--prometheus-url", proxy}
	eventually(t, func() error {
		if got := call(t, "", slices.Concat([]string{"status", "cpu"}, flags)...); !strings.Contains(got.stdout, "matches generation 1") {
			return fmt.Errorf("the rule is not there: %s%s", got.stdout, got.stderr)
		}
		return nil
	})
	a := newAgent(t, flags...)
	end := past.Format(time.RFC3339)
	for _, tc := range []struct {
		tool  string
		input map[string]any
		args  []string
		stdin string
		says  string
	}{
		{"signals", map[string]any{"end": end, "window": "1d"}, []string{"--end", end, "--window", "1d"}, "", `"signal":"CPU"`},
		{"status", map[string]any{"names": []string{"cpu"}}, []string{"cpu"}, "", `"name":"series"`},
		{"status", map[string]any{"rule": "audited", "alert": "Fine"}, []string{"--rule", "audited", "--alert", "Fine"}, "", `"alert":"Fine"`},
		{"status", map[string]any{"manifest": cpuLevels}, []string{"-f", "-"}, cpuLevels, `"name":"file"`},
		{"backtest", map[string]any{"names": []string{"cpu"}, "end": end, "window": "2d"}, []string{"cpu", "--end", end, "--window", "2d"}, "", `"fires":"warning 2, critical 0"`},
		{"backtest", map[string]any{"all-namespaces": true, "end": end, "window": "1d", "step": "1m"}, []string{"-A", "--end", end, "--window", "1d", "--step", "1m"}, "", `"window":"1d"`},
		{"backtest", map[string]any{"manifest": auditRules, "alert": "Flapping", "end": end, "window": "2d"}, []string{"-f", "-", "--alert", "Flapping", "--end", end, "--window", "2d"}, auditRules, `"fires":"critical 48"`},
		{"recommend", map[string]any{"names": []string{"cpu"}, "end": end, "window": "2d", "fires-per-week": 3}, []string{"cpu", "--end", end, "--window", "2d", "--fires-per-week", "3"}, "", `"recommendations"`},
		{"audit", map[string]any{"end": end, "window": "30m"}, []string{"--end", end, "--window", "30m"}, "", `"alert":"Watchdog"`},
	} {
		name := fmt.Sprint(tc.tool, " ", tc.args)
		result, texts := a.ask(t, tc.tool, tc.input)
		want := call(t, tc.stdin, slices.Concat([]string{tc.tool}, flags, tc.args, []string{"-o", "json"})...)
		var structured any
		if err := json.Unmarshal([]byte(want.stdout), &structured); err != nil {
			t.Fatalf("%s: %v: %s%s", name, err, want.stdout, want.stderr)
		}
		if !reflect.DeepEqual(timeless(result.StructuredContent), timeless(structured)) || result.IsError || !strings.Contains(texts, tc.says) {
			t.Errorf("%s: error %t:\n%s\nwant what -o json prints, with %s:\n%s", name, result.IsError, texts, tc.says, want.stdout)
		}
		if want.stderr != "" && !strings.HasSuffix(texts, want.stderr+"\n") {
			t.Errorf("%s: it does not say what the command does: %s: %s", name, want.stderr, texts)
		}
	}
	a.mu.Lock()
	if n := len(a.progress); n == 0 || a.progress[n-1].ProgressToken != "audit" || a.progress[n-1].Total != 13 || !strings.Contains(a.progress[n-1].Message, "audited 12 of 13 rules, about ") {
		t.Errorf("progress = %+v, want that of the audit", a.progress)
	}
	a.mu.Unlock()
	for request := range requests() {
		if !readsPrometheus.MatchString(request) {
			t.Errorf("an agent's tools asked Prometheus %s", request)
		}
	}

	// What the user may not read is an error that says so.
	if result, texts := a.ask(t, "status", map[string]any{"names": []string{"cpu"}, "namespace": "kube-system"}); result.IsError || !strings.Contains(texts, "not found") {
		t.Errorf("of another namespace: %s", texts)
	}
	stranger := newAgent(t, "--kubeconfig", s.kubeconfig, "--as", "stranger", "--prometheus-url", proxy)
	if result, texts := stranger.ask(t, "backtest", map[string]any{"names": []string{"cpu"}, "namespace": "ai"}); !result.IsError || !strings.Contains(texts, `User "stranger" cannot get resource "alertthresholds"`) {
		t.Errorf("without rights: %s", texts)
	}
}

// readsPrometheus are requests that change nothing: POST is how long expressions are asked.
var readsPrometheus = regexp.MustCompile(`^((GET|POST) /api/v1/(query|query_range|series|labels)|GET /api/v1/(rules|alertmanagers|status/[a-z]+|label/[^/]+/values))$`)

// timeless replaces the numbers in texts, which tell how long ago something was.
func timeless(value any) any {
	switch value := value.(type) {
	case string:
		return regexp.MustCompile(`[0-9.]+(ms|[hms])?`).ReplaceAllString(value, "N")
	case []any:
		for i := range value {
			value[i] = timeless(value[i])
		}
	case map[string]any:
		for name := range value {
			value[name] = timeless(value[name])
		}
	}
	return value
}

// watched is the base of a proxy to the server; requests gives what was asked. before may hold a request back.
func watched(t *testing.T, base string, before func(*http.Request)) (proxy string, requests func() map[string]bool) {
	t.Helper()
	behind, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	asked := map[string]bool{}
	to := httputil.NewSingleHostReverseProxy(behind)
	to.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		asked[r.Method+" "+r.URL.Path] = true
		mu.Unlock()
		body, _ := io.ReadAll(r.Body) // only then it is known when the client has gone
		r.Body = io.NopCloser(bytes.NewReader(body))
		if before != nil {
			before(r)
		}
		to.ServeHTTP(w, r)
	}))
	t.Cleanup(front.Close)
	return front.URL, func() map[string]bool {
		mu.Lock()
		defer mu.Unlock()
		return maps.Clone(asked)
	}
}

// TestAgentBounds: a call ends when its time is over, when the client cancels it, and its answer is no longer than is allowed.
func TestAgentBounds(t *testing.T) {
	server := auditServer(t)
	end := past.Format(time.RFC3339)

	// The range of the seventh rule is not answered.
	held := make(chan struct{}, 100)
	var ranges atomic.Int32
	proxy, _ := watched(t, server.URL(), func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/query_range") {
			if ranges.Add(1) > 6 {
				held <- struct{}{}
				<-r.Context().Done()
			}
		}
	})
	a := newAgent(t, "--prometheus-url", proxy, "--call-timeout", "4s")
	began := time.Now()
	result, texts := a.ask(t, "audit", map[string]any{"manifest": auditRules, "end": end, "window": "1d"})
	var report struct {
		Rules []json.RawMessage `json:"rules"`
		Total int               `json:"total"`
	}
	if err := json.Unmarshal([]byte(strings.SplitN(texts, "\n", 2)[0]), &report); err != nil {
		t.Fatalf("%v: %s", err, texts)
	}
	if result.IsError || len(report.Rules) == 0 || len(report.Rules) == report.Total || !strings.Contains(texts, "this is not all: gave up after 4s, the time of one call: ask for") {
		t.Errorf("audit without an answer: error %t, %d of %d rules: %s", result.IsError, len(report.Rules), report.Total, texts)
	}
	result, texts = a.ask(t, "backtest", map[string]any{"manifest": cpuLevels, "end": end})
	if took := time.Since(began); !result.IsError || !strings.Contains(texts, "gave up after 4s") || took > 20*time.Second {
		t.Errorf("backtest without an answer: after %s: %s", took, texts)
	}

	// A client that cancels ends what is asked of Prometheus.
	for len(held) > 0 {
		<-held
	}
	released := make(chan struct{})
	patient, _ := watched(t, server.URL(), func(r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/query_range") {
			held <- struct{}{}
			<-r.Context().Done()
			close(released)
		}
	})
	b := newAgent(t, "--prometheus-url", patient)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-held
		cancel()
	}()
	if _, err := b.CallTool(ctx, &mcp.CallToolParams{Name: "backtest", Arguments: map[string]any{"manifest": cpuLevels, "end": end}}); err == nil {
		t.Error("a call that was canceled has an answer")
	}
	select {
	case <-released:
	case <-time.After(10 * time.Second):
		t.Error("Prometheus was not left alone after the client canceled")
	}

	// An answer that is too long is cut.
	var rules strings.Builder
	rules.WriteString("groups:\n- name: many\n  rules:\n")
	for i := range 400 {
		fmt.Fprintf(&rules, "  - {alert: A%d, expr: vector(%d) > 1, labels: {severity: warning, text: %q}}\n", i, i, strings.Repeat("x", 100))
	}
	c := newAgent(t, "--prometheus-url", server.URL())
	result, texts = c.ask(t, "backtest", map[string]any{"manifest": rules.String(), "end": end, "window": "10m"})
	structured, err := json.Marshal(result.StructuredContent)
	if err != nil {
		t.Fatal(err)
	}
	var many struct {
		Rules   []json.RawMessage `json:"rules"`
		LeftOff int               `json:"rulesLeftOff"`
	}
	if err := json.Unmarshal(structured, &many); err != nil || result.IsError {
		t.Fatal(err, texts)
	}
	if len(structured) > maxAnswer || many.LeftOff == 0 || len(many.Rules)+many.LeftOff != 400 {
		t.Errorf("%d bytes with %d rules and %d left off, want at most %d, and 400 in all", len(structured), len(many.Rules), many.LeftOff, maxAnswer)
	}
	t.Logf("%d bytes with %d rules and %d left off", len(structured), len(many.Rules), many.LeftOff)
}
