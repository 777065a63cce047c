//go:build integration

package dashboards_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
)

// TestOpening opens every dashboard as Grafana does, with 200 thresholds, at a real Prometheus: it answers every query, and counts
// at most twenty for those that have all thresholds.
func TestOpening(t *testing.T) {
	const thresholds, most = 200, 20
	server := prometheusserver.StartScraping(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for i := range thresholds {
			for severity, level := range map[string]int{"warning": 10, "critical": 20} {
				fmt.Fprintf(w, "plimsoll:threshold{namespace=\"ai\",alertthreshold=\"t%03d\",severity=%q,comparison=\"above\",unit=\"Seconds\",signal=\"HTTPLatency\",source=\"Plimsoll\"} %d\n",
					i, severity, level)
			}
			for _, endpoint := range []string{"/chat", "/health", "/stats"} {
				fmt.Fprintf(w, "plimsoll:signal{namespace=\"ai\",alertthreshold=\"t%03d\",endpoint=%q} %g\n", i, endpoint, float64(i)/19)
			}
		}
		fmt.Fprint(w, `ALERTS{namespace="ai",alertthreshold="t001",severity="warning",alertname="T",alertstate="firing"} 1
system_cpu_usage_percent{namespace="ai",service="a",pod="a-1"} 20
http_requests_total{namespace="ai",service="a",pod="a-1",endpoint="/chat",status="200"} 9
ai_model_calls_total{namespace="ai",service="a",pod="a-1",model="gemini",status="success"} 9
ai_tokens_used_total{namespace="ai",service="a",pod="a-1",model="gemini",type="prompt"} 9
ai_requests_in_flight{namespace="ai",service="a",pod="a-1",model="gemini"} 1
plimsoll_rule_writes_total{namespace="ai",service="c",pod="c-1",operation="create",outcome="success"} 1
`)
	}))
	g := grafana{t: t, base: server.URL()}
	deadline := time.Now().Add(time.Minute)
	for len(g.ask("query", "query", `rate(ai_tokens_used_total[5m]) and on () count(plimsoll:threshold) == `+strconv.Itoa(2*thresholds))) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the thresholds are not scraped")
		}
		time.Sleep(100 * time.Millisecond)
	}
	for name, d := range load(t) {
		if name == "logs.json" {
			continue // it asks a Loki
		}
		before, begun := g.counted(), time.Now()
		sent, drawn := g.open(d)
		asked := g.counted() - before
		t.Logf("%s: %d queries, one after the other in %s", name, asked, time.Since(begun).Round(time.Millisecond))
		if asked != sent {
			t.Errorf("%s: Prometheus counted %d queries of %d", name, asked, sent)
		}
		if withAll := name == "thresholds.json" || name == "overview.json"; withAll && asked > most {
			t.Errorf("%s asks %d queries, want at most %d", name, asked, most)
		}
		if len(drawn) > most {
			t.Errorf("%s draws %d thresholds of %d: %q", name, len(drawn), thresholds, drawn)
		}
		if name == "thresholds.json" && len(drawn) < 10 {
			t.Errorf("%s draws only %q", name, drawn)
		}
	}
}

// grafana asks a Prometheus as Grafana does.
type grafana struct {
	t    *testing.T
	base string
}

// open asks for the values of the variables one after the other, then what all events and panels ask, those of collapsed rows
// and every repetition too. It returns how many queries that were, and the thresholds that are drawn.
func (g grafana) open(d document) (sent int, drawn []string) {
	g.t.Helper()
	values := []string{"$__rate_interval", "1m", "$__range", "1h"}
	several := map[string][]string{}
	for _, v := range d.Templating.List {
		values = append(values, "$"+v.Name, g.value(v, strings.NewReplacer(values...), several))
		if v.Type == "query" {
			sent++
		}
	}
	replacer := strings.NewReplacer(values...)
	for _, event := range d.Annotations.List {
		sent++
		g.ask("query_range", "query", replacer.Replace(event.Expr))
	}
	panels := slices.Clone(d.Panels)
	for _, p := range d.Panels {
		panels = append(panels, p.Panels...)
	}
	for _, p := range panels {
		for range max(1, len(several[p.Repeat])) {
			for _, q := range p.Targets {
				sent++
				kind := "query_range"
				if q.Instant {
					kind = "query"
				}
				for _, series := range g.ask(kind, "query", replacer.Replace(q.Expr)) {
					if name := series["alertthreshold"]; name != "" && p.Type != "table" {
						drawn = append(drawn, name)
					}
				}
			}
		}
	}
	slices.Sort(drawn)
	return sent, slices.Compact(drawn)
}

var (
	labelValues = regexp.MustCompile(`^label_values\((.+), (\w+)\)$`)
	queryResult = regexp.MustCompile(`^query_result\((.+)\)$`)
	resultLabel = regexp.MustCompile(`^/(\w+)=`)
)

// value is what a variable has when the dashboard opens: all of its values, or the first.
func (g grafana) value(v variable, known *strings.Replacer, several map[string][]string) string {
	g.t.Helper()
	text, _ := v.Query.(string)
	var all []string
	switch match := labelValues.FindStringSubmatch(text); {
	case v.Type == "datasource":
		return ""
	case v.Type == "custom":
		all = strings.Split(text, ",")
	case match != nil:
		for _, value := range g.ask("label/"+match[2]+"/values", "match[]", known.Replace(match[1])) {
			all = append(all, value[""])
		}
	default:
		label := resultLabel.FindStringSubmatch(v.Regex)[1]
		for _, series := range g.ask("query", "query", known.Replace(queryResult.FindStringSubmatch(text)[1])) {
			all = append(all, series[label])
		}
	}
	if slices.Sort(all); len(all) == 0 {
		g.t.Errorf("the variable %s has no value", v.Name)
		return ""
	}
	several[v.Name] = all
	if v.IncludeAll {
		return cmp.Or(v.AllValue, "("+strings.Join(all, "|")+")")
	}
	return all[0]
}

// ask sends one request, and returns the labels of the series of the answer, or a list of texts under no label.
func (g grafana) ask(path, key, value string) (found []map[string]string) {
	g.t.Helper()
	now := time.Now().Unix()
	form := url.Values{key: {value}, "start": {strconv.FormatInt(now-3600, 10)}, "end": {strconv.FormatInt(now, 10)}, "step": {"15"}}
	resp, err := http.Get(g.base + "/api/v1/" + path + "?" + form.Encode())
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Error string
		Data  json.RawMessage
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || resp.StatusCode != http.StatusOK {
		g.t.Fatalf("%s %s: %v %s", path, value, err, answer.Error)
	}
	var texts []string
	var series struct {
		Result []struct{ Metric map[string]string }
	}
	if json.Unmarshal(answer.Data, &texts) == nil {
		for _, text := range texts {
			found = append(found, map[string]string{"": text})
		}
	} else if err := json.Unmarshal(answer.Data, &series); err != nil {
		g.t.Fatal(err)
	}
	for _, s := range series.Result {
		found = append(found, s.Metric)
	}
	return found
}

var requests = regexp.MustCompile(`(?m)^prometheus_http_requests_total\{.*handler="/api/v1/(?:query|query_range|series|label/:name/values)"\} (\d+)$`)

// counted is how many queries Prometheus says that it has been asked.
func (g grafana) counted() (sum int) {
	g.t.Helper()
	resp, err := http.Get(g.base + "/metrics")
	if err != nil {
		g.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	for _, match := range requests.FindAllStringSubmatch(string(text), -1) {
		n, err := strconv.Atoi(match[1])
		if err != nil {
			g.t.Fatal(err)
		}
		sum += n
	}
	return sum
}
