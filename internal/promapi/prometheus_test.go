//go:build integration

package promapi

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

const prometheusConfig = `{global: {evaluation_interval: 1s}, rule_files: ["rules/*.yaml"]}`

const ruleFile = `
groups:
- name: plimsoll.ai.slow
  rules:
  - {record: "plimsoll:signal", expr: 'vector(3)', labels: {namespace: ai, alertthreshold: slow}}
  - {alert: Slow, expr: 'plimsoll:signal > 2', for: 1m, keep_firing_for: 5m, labels: {alertthreshold: slow, severity: warning}}
- name: other
  rules: [{record: other, expr: vector(1)}]
`

// prometheus runs one with a rule and returns a client of it.
func prometheus(t *testing.T, o Options) *Client {
	t.Helper()
	server := prometheusserver.Start(t, prometheusConfig)
	if err := os.WriteFile(filepath.Join(server.RulesDir(), "a.yaml"), []byte(ruleFile), 0o600); err != nil {
		t.Fatal(err)
	}
	server.Reload()
	o.URL = server.URL()
	return newClient(t, o)
}

func TestQuery(t *testing.T) {
	client := prometheus(t, Options{})
	for expr, want := range map[string]string{
		"vector(3)": "{} => 3",
		"3":         "{} => 3",
		`label_replace(vector(1), "a", "b", "", "")`: `{a="b"} => 1`,
		"absent(vector(1))":                          "",
	} {
		got, err := client.Query(t.Context(), expr, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if holds := client.Holds(t.Context(), expr); holds != (want != "") {
			t.Errorf("Holds(%s) = %v", expr, holds)
		}
		text, _, _ := strings.Cut(got.String(), " @")
		if text != want {
			t.Errorf("%s is %s, want %s", expr, text, want)
		}
	}
	at, err := client.Query(t.Context(), "vector(time())", time.Unix(1000, 0))
	if err != nil || at[0].Value != 1000 {
		t.Errorf("at a time: %v, %v", at, err)
	}
	for expr, says := range map[string]string{
		"rate(":  "parse error",
		`up[5m]`: "must give one value per series",
		`label_replace(vector(1), "a", "b", "c", "(")`: "invalid regular expression",
	} {
		_, err := client.Query(t.Context(), expr, time.Time{})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: error = %v, want it to say %q", expr, err, says)
		}
		if refused := expr != `up[5m]`; IsRefused(err) != refused {
			t.Errorf("%s: IsRefused = %v, want %v", expr, !refused, refused)
		}
	}
}

// TestQueryRangeInChunks asks for every point once, and goes on where it was left.
func TestQueryRangeInChunks(t *testing.T) {
	client := prometheus(t, Options{MaxPoints: 100})
	r := backtest.Window{Start: time.Unix(0, 0), End: time.Unix(2500, 0), Step: 10 * time.Second}
	var seen []model.SamplePair
	var sizes []int
	take := func(r backtest.Window, limit int) (last time.Time) {
		for chunk, err := range client.QueryRange(t.Context(), "vector(time())", r) {
			if err != nil {
				t.Fatal(err)
			}
			seen = append(seen, chunk.Series[0].Values...)
			sizes = append(sizes, chunk.Evaluations())
			last = chunk.End
			if limit--; limit == 0 {
				return last
			}
		}
		return last
	}
	last := take(r, 1)
	r.Start = last.Add(r.Step)
	take(r, 0)
	if len(seen) != 251 || len(sizes) != 3 || sizes[0] != 100 || sizes[2] != 51 {
		t.Fatalf("%d points in chunks of %v", len(seen), sizes)
	}
	for i, pair := range seen {
		if float64(pair.Value) != float64(i*10) || pair.Timestamp != model.Time(i*10_000) {
			t.Fatalf("point %d is %s", i, pair)
		}
	}
}

// TestQueryRangeAtTheLimit: Prometheus takes a chunk of the greatest size, and would not take a larger one.
func TestQueryRangeAtTheLimit(t *testing.T) {
	client := prometheus(t, Options{MaxPoints: maxPoints})
	r := backtest.Window{Start: time.Unix(0, 0), End: time.Unix(30*3*maxPoints, 0), Step: 30 * time.Second}
	chunks := 0
	for _, err := range client.QueryRange(t.Context(), "vector(1)", r) {
		if err != nil {
			t.Fatal(err)
		}
		chunks++
	}
	if chunks != 4 {
		t.Errorf("%d chunks, want 4", chunks)
	}
	client.maxPoints = maxPoints + 2
	for _, err := range client.QueryRange(t.Context(), "vector(1)", r) {
		if err == nil || !strings.Contains(err.Error(), "exceeded maximum resolution") {
			t.Fatalf("error = %v", err)
		}
	}
}

// TestQueryRangeInSmallerChunks: what is too much for one answer is asked for in smaller parts, each point once.
func TestQueryRangeInSmallerChunks(t *testing.T) {
	w := backtest.Window{Start: time.Unix(0, 0), End: time.Unix(20_000, 0), Step: 10 * time.Second}
	points := func(client *Client, expr string) (times []model.Time, err error) {
		for chunk, err := range client.QueryRange(t.Context(), expr, w) {
			if err != nil {
				return nil, err
			}
			for _, pair := range chunk.Series[0].Values {
				times = append(times, pair.Timestamp)
			}
		}
		return times, nil
	}
	server := prometheusserver.Start(t, prometheusConfig, "--query.max-samples", "300")
	for name, client := range map[string]*Client{
		"the server's limit": newClient(t, Options{URL: server.URL()}),
		"our own": func() *Client {
			client := prometheus(t, Options{})
			transport := capped{client.http.Transport, 8 << 10}
			small, err := api.NewClient(api.Config{Address: client.client.URL("", nil).String(), RoundTripper: transport})
			if err != nil {
				t.Fatal(err)
			}
			client.api = prometheusv1.NewAPI(small)
			return client
		}(),
	} {
		times, err := points(client, "vector(time())")
		if err != nil || len(times) != w.Evaluations() || !slices.IsSorted(times) || len(slices.Compact(times)) != w.Evaluations() {
			t.Errorf("%s: %d points, want %d; error %v", name, len(times), w.Evaluations(), err)
		}
	}
	one := newClient(t, Options{URL: server.URL()})
	if _, err := points(one, "sum_over_time(vector(1)[10000s:1s])"); err == nil || !strings.Contains(err.Error(), "too many samples") {
		t.Errorf("one evaluation that is too much: error = %v", err)
	}
}

// TestPartialAnswers: an answer in which series may be absent is none; what Prometheus says about an expression is not about its answer.
func TestPartialAnswers(t *testing.T) {
	warnings := `"No StoreAPIs matched for this query"`
	thanos := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		kind := "vector"
		if strings.HasSuffix(r.URL.Path, "query_range") {
			kind = "matrix"
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":%q,"result":[]},"warnings":[%s]}`, kind, warnings)
	}))
	defer thanos.Close()
	client := newClient(t, Options{URL: thanos.URL})
	ask := func() (instant, overRange error) {
		_, instant = client.Query(t.Context(), "up", time.Time{})
		return instant, client.Ingest(t.Context(), "up", backtest.Window{Start: time.Unix(0, 0), End: time.Unix(60, 0), Step: 30 * time.Second})
	}
	for _, text := range []string{warnings, `"receive series from store-1: context deadline exceeded"`, `"remote_read: 503"`} {
		warnings = text
		instant, overRange := ask()
		for _, err := range []error{instant, overRange} {
			if !errors.Is(err, ErrPartial) || !strings.Contains(err.Error(), strings.Trim(text, `"`)) || IsRefused(err) {
				t.Errorf("%s: error = %v, want that the answer is partial", text, err)
			}
		}
	}
	warnings = `"PromQL warning: bucket label \"le\" is absent", "PromQL info: metric might not be a counter"`
	if instant, overRange := ask(); instant != nil || overRange != nil {
		t.Errorf("what is about the expression: %v, %v", instant, overRange)
	}
}

// TestAgent: a Prometheus that only forwards samples says so itself, and is told from one that could not be asked.
func TestAgent(t *testing.T) {
	server := prometheusserver.StartAgent(t)
	client := newClient(t, Options{URL: server.URL()})
	_, queryErr := client.Query(t.Context(), "vector(1)", time.Time{})
	var rulesErr error
	for _, err := range client.Rules(t.Context(), "") {
		rulesErr = err
	}
	for _, err := range []error{queryErr, rulesErr} {
		if err == nil || !strings.Contains(err.Error(), "unavailable with Prometheus Agent (it runs in agent mode") || IsRefused(err) {
			t.Errorf("error = %v", err)
		}
	}
}

// TestGroupIsEvaluatedAt: the rules API and the hash of the group's name tell to the millisecond when rules are evaluated.
func TestGroupIsEvaluatedAt(t *testing.T) {
	server := prometheusserver.Start(t, prometheusConfig)
	text := `{groups: [{name: slow, interval: 4s, limit: 5, rules: [{record: slow, expr: vector(1), labels: {a: b}}, {alert: A, expr: vector(1), for: 90s, labels: {a: b}}]}]}`
	if err := os.WriteFile(filepath.Join(server.RulesDir(), "a.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	server.Reload()
	client := newClient(t, Options{URL: server.URL()})
	var recorded model.Vector
	for deadline := time.Now().Add(30 * time.Second); len(recorded) == 0; time.Sleep(50 * time.Millisecond) {
		var err error
		if recorded, err = client.Query(t.Context(), "timestamp(slow)", time.Time{}); err != nil || time.Now().After(deadline) {
			t.Fatalf("nothing is recorded: %v", err)
		}
	}
	for group, err := range client.Rules(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		set := group.Set()
		rule, record := set.Alerts[0], set.Records[0]
		if rule.Interval != 4*time.Second || rule.Limit != 5 || rule.For != 90*time.Second || rule.Labels["a"] != "b" || record.Name != "slow" || rule.Index != 1 {
			t.Errorf("rules = %+v", set)
		}
		want := int64(float64(recorded[0].Value)*1000+0.5) % 4000
		if got := rule.At.UnixMilli() % 4000; got != want {
			t.Errorf("evaluated %d ms into the interval, want %d: last evaluation %s", got, want, group.LastEvaluation)
		}
	}
}

func TestRules(t *testing.T) {
	client := prometheus(t, Options{})
	var group Group
	deadline := time.Now().Add(30 * time.Second)
	for len(group.Rules) < 2 || len(group.Rules[1].Alerts) == 0 {
		if time.Now().After(deadline) {
			t.Fatalf("no alert in %+v", group)
		}
		names := ""
		for g, err := range client.Rules(t.Context(), `{alertthreshold!=""}`) {
			if err != nil {
				t.Fatal(err)
			}
			group, names = g, names+g.Name
		}
		if names != "plimsoll.ai.slow" {
			t.Fatalf("groups %q", names)
		}
		time.Sleep(50 * time.Millisecond)
	}
	record, alert := group.Rules[0], group.Rules[1]
	if group.Interval != 1 || record.Type != prometheusv1.RuleTypeRecording || record.Query != "vector(3)" || record.Health != "ok" {
		t.Errorf("group is %+v", group)
	}
	if alert.Duration != 60 || alert.KeepFiringFor != 300 || alert.Labels["severity"] != "warning" {
		t.Errorf("alerting rule is %+v", alert)
	}
	if one := alert.Alerts[0]; one.State != "pending" || one.ActiveAt.IsZero() || one.Value != "3e+00" || one.Labels["alertname"] != "Slow" {
		t.Errorf("alert is %+v", one)
	}
	for range client.Rules(t.Context(), "") {
		break // may be left at any time
	}
	probe := newProbe(t, Options{URL: client.client.URL("", nil).String()})
	first := probe.Server(t.Context())
	if again := probe.Server(t.Context()); first == "" || first != again {
		t.Errorf("the server is %q, then %q", first, again)
	}
	if urls, err := client.Alertmanagers(t.Context()); err != nil || len(urls) != 0 {
		t.Errorf("Alertmanagers = %v, %v", urls, err)
	}
}

// TestBehindAProxy: a path in the URL, a token that changes, and what is said when it is not taken.
func TestBehindAProxy(t *testing.T) {
	server := prometheusserver.Start(t, prometheusConfig)
	behind, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	want := "first-canary"
	proxy := httptest.NewServer(http.StripPrefix("/prometheus", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+want {
			http.Error(w, "bad token "+r.Header.Get("Authorization"), http.StatusUnauthorized)
			return
		}
		httputil.NewSingleHostReverseProxy(behind).ServeHTTP(w, r)
	})))
	t.Cleanup(proxy.Close)
	token := filepath.Join(t.TempDir(), "token")
	write := func(text string) {
		if err := os.WriteFile(token, []byte(text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("first-canary")
	client := newClient(t, Options{URL: proxy.URL + "/prometheus/", TokenFile: token})
	ask := func() error {
		_, err := client.Query(t.Context(), "vector(1)", time.Time{})
		for _, rulesErr := range client.Rules(t.Context(), "") {
			err = errors.Join(err, rulesErr)
		}
		return err
	}
	if err := ask(); err != nil {
		t.Fatal(err)
	}
	want = "second-canary"
	err = ask()
	if err == nil || strings.Count(err.Error(), "check the token file") != 2 || strings.Contains(err.Error(), "canary") {
		t.Errorf("error = %v", err)
	}
	write("second-canary")
	if err := ask(); err != nil {
		t.Fatal(err)
	}

	elsewhere := newClient(t, Options{URL: proxy.URL})
	if _, err := elsewhere.Query(t.Context(), "vector(1)", time.Time{}); err == nil || !strings.Contains(err.Error(), "check the URL") {
		t.Errorf("error = %v", err)
	}

	away := newClient(t, Options{URL: server.URL()})
	server.Stop()
	if _, err := away.Query(t.Context(), "vector(1)", time.Time{}); err == nil || !strings.Contains(err.Error(), "connection refused") {
		t.Errorf("error = %v", err)
	}
}

// TestGuarded: TLS, a client certificate, a password, a header and a parameter; without one of them, the cause by its name and no secret.
func TestGuarded(t *testing.T) {
	base, file := prometheusserver.Start(t, prometheusConfig).Guarded()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ replace, by, query, says string }{
		"all of it":              {"", "", "?namespace=ai", ""},
		"no parameter":           {"", "", "", "add the parameter to the URL"},
		"no tenant":              {"team-a", "", "?namespace=ai", "name X-Scope-OrgID in http_headers"},
		"another user":           {"username: plimsoll", "username: nobody", "?namespace=ai", "check the token file, or basic_auth"},
		"no client certificate":  {", cert_file: client.crt, key_file: client.key", "", "?namespace=ai", "name cert_file and key_file in tls_config"},
		"nobody's certification": {"ca_file: ca.crt, ", "", "?namespace=ai", "name its CA in"},
	} {
		t.Run(name, func(t *testing.T) {
			changed := filepath.Join(filepath.Dir(file), strings.ReplaceAll(name, " ", "-")+".yaml")
			if err := os.WriteFile(changed, []byte(strings.Replace(string(text), tc.replace, tc.by, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			client := newClient(t, Options{URL: base + tc.query, HTTPConfigFile: changed})
			_, queryErr := client.Query(t.Context(), "vector(1)", time.Time{})
			var rulesErr error
			for _, err := range client.Rules(t.Context(), "") {
				rulesErr = err
			}
			for what, err := range map[string]error{"query": queryErr, "rules": rulesErr} {
				if (err == nil) != (tc.says == "") || err != nil && (!strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "canary")) {
					t.Errorf("%s: error = %v, want it to say %q", what, err, tc.says)
				}
			}
			if server := newProbe(t, Options{URL: base + tc.query, HTTPConfigFile: changed}).Server(t.Context()); (server == "") != (tc.says != "") {
				t.Errorf("the server is %q", server)
			}
		})
	}
}
