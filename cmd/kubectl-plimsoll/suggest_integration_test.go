//go:build integration

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"sigs.k8s.io/controller-runtime/pkg/client"
	sigsyaml "sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// suggestConfig evaluates rules soon.
const suggestConfig = "global: {evaluation_interval: 1s}\nrule_files: [rules/*.yaml]\n"

// TestSuggest suggests thresholds from two weeks of a server like vLLM, applies them as they are, loads their rules, and holds
// each level to at most one fire in a week.
func TestSuggest(t *testing.T) {
	server := prometheusserver.StartWithHistory(t, suggestConfig, func(w io.Writer) {
		writeVLLM(w, "ai", "vllm:", 14)
		writeVLLM(w, "edge", "kserve_vllm:", 2)
	})
	s := newStage(t)
	if err := s.create("{apiVersion: v1, kind: Namespace, metadata: {name: ai}}"); err != nil {
		t.Fatal(err)
	}
	args := func(command ...string) []string {
		return append(command, "-n", "ai", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339))
	}
	inCluster := func(command ...string) []string { return append(args(command...), "--kubeconfig", s.kubeconfig) }

	began := time.Now()
	table := call(t, "", args("signals", "--all")...)
	t.Logf("signals in %s:\n%s%s", time.Since(began).Round(time.Second), table.stdout, table.stderr)
	for _, want := range []string{
		"SIGNAL SOURCE CURRENT MIN MEDIAN MAX SERIES", "Availability Plimsoll 100%", "ModelTimeToFirstToken VLLM ", "QueueLength VLLM ",
		"SIGNAL SOURCE MISSING", "CostPerHour VLLM VLLM has no CostPerHour: it counts tokens and has no cost",
	} {
		if !strings.Contains(strings.Join(strings.Fields(table.stdout), " "), want) || table.code != 0 {
			t.Errorf("signals does not say %q: exit code %d", want, table.code)
		}
	}

	if want := `job "web": nothing tells whether http_requests_total is of Plimsoll or VLLM`; !strings.Contains(table.stderr, want) {
		t.Errorf("signals does not say %q", want)
	}

	began = time.Now()
	before := queries(t, server.URL())
	suggested := call(t, "", args("suggest")...)
	t.Logf("suggest in %s with %g queries:\n%s%s", time.Since(began).Round(time.Second), queries(t, server.URL())-before, suggested.stdout, suggested.stderr)
	if suggested.code != 0 || !strings.Contains(suggested.stderr, "what is watched already is not known") {
		t.Fatalf("exit code %d, without a cluster: %s", suggested.code, suggested.stderr)
	}
	for _, want := range []string{"name: vllm-slow-first-token", "# fires at most once a week over 14d (", "; greatest value ",
		"# Preemptions of VLLM: nothing suggested: the value tells no level from another", "matchLabels:\n      job: vllm"} {
		if !strings.Contains(suggested.stdout, want) {
			t.Errorf("suggest does not say %q", want)
		}
	}

	renamed := call(t, "", "suggest", "-n", "edge", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339))
	if checked := call(t, renamed.stdout, "validate", "-f", "-"); checked.code != 0 || !strings.Contains(renamed.stdout, "    prefix: 'kserve_vllm:'\n") {
		t.Errorf("with another prefix: %s%s\n%s%s", checked.stdout, checked.stderr, renamed.stdout, renamed.stderr)
	}
	none := call(t, "", "signals", "-n", "web", "--prometheus-url", server.URL(), "--end", past.Format(time.RFC3339))
	if none.code != 2 || !strings.Contains(none.stderr, "finding the signals of namespace web: it has no metrics of a known source") {
		t.Errorf("without data: exit code %d, %s", none.code, none.stderr)
	}

	s.kubectl(t, suggested.stdout, "kubectl apply -f -")
	thresholds := &v1alpha1.AlertThresholdList{}
	if err := s.List(t.Context(), thresholds, client.InNamespace("ai")); err != nil {
		t.Fatal(err)
	}
	if len(thresholds.Items) < 8 {
		t.Errorf("%d thresholds, want at least 8", len(thresholds.Items))
	}
	loadRules(t, s, server.RulesDir(), thresholds.Items)
	server.Reload()
	eventually(t, func() error { return checkLoaded(t, server.URL(), thresholds.Items) })

	names := make([]string, len(thresholds.Items))
	levels, fires := 0, 0
	for i, threshold := range thresholds.Items {
		names[i] = threshold.Name
		levels += len(threshold.Spec.Levels)
		got := call(t, "", append(inCluster("backtest", threshold.Name, "-o", "json"), "--window", "14d")...)
		var result struct{ Thresholds []backtested }
		if err := json.Unmarshal([]byte(got.stdout), &result); err != nil || got.code != 0 {
			t.Fatalf("exit code %d, %v: %s%s", got.code, err, got.stdout, got.stderr)
		}
		for _, level := range result.Thresholds[0].Backtest.Levels {
			fires += int(level.Fires)
			if level.Fires > 2 || level.Severity == "critical" && level.Fires > 0 {
				t.Errorf("%s %s would have fired %d times in two weeks", threshold.Name, level.Severity, level.Fires)
			}
			if comment := "(" + result.Thresholds[0].Backtest.Coverage + " covered)"; !strings.Contains(suggested.stdout, comment) {
				t.Errorf("no comment says %s, as the backtest of %s", comment, threshold.Name)
			}
		}
	}
	t.Logf("%d thresholds with %d levels: %d fires in two weeks", len(names), levels, fires)
	if fires == 0 {
		t.Error("nothing fires in two weeks: the levels are not tight")
	}
	for _, ago := range []time.Duration{0, 3 * 24 * time.Hour, 7 * 24 * time.Hour} {
		command := append([]string{"backtest"}, names...)
		got := call(t, "", append(command, "-n", "ai", "--kubeconfig", s.kubeconfig, "--prometheus-url", server.URL(), "--window", "7d",
			"--end", past.Add(-ago).Format(time.RFC3339), "--max-fires", "1")...)
		if got.code != 0 {
			t.Errorf("the week that ended %s before: exit code %d, %s", ago, got.code, got.stderr)
		}
	}

	again := call(t, "", inCluster("suggest")...)
	for _, name := range names {
		if want := "nothing suggested: already watched by " + name; !strings.Contains(again.stdout, want) {
			t.Errorf("with the thresholds in the cluster, suggest does not say %q:\n%s%s", want, again.stdout, again.stderr)
		}
	}
	if strings.Contains(again.stdout, "kind: AlertThreshold") {
		t.Errorf("something is suggested again:\n%s", again.stdout)
	}
}

// queries is how many queries the server has answered.
func queries(t *testing.T, url string) float64 {
	t.Helper()
	resp, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	total := 0.0
	for _, m := range families["prometheus_http_requests_total"].GetMetric() {
		for _, label := range m.GetLabel() {
			if label.GetName() == "handler" && strings.HasPrefix(label.GetValue(), "/api/v1/query") {
				total += m.GetCounter().GetValue()
			}
		}
	}
	return total
}

// loadRules writes the rules that the controller made of the thresholds where Prometheus reads them.
func loadRules(t *testing.T, s stage, dir string, all []v1alpha1.AlertThreshold) {
	t.Helper()
	for _, threshold := range all {
		rule := &monitoringv1.PrometheusRule{}
		eventually(t, func() error {
			return s.Get(t.Context(), client.ObjectKey{Namespace: "ai", Name: "plimsoll-" + threshold.Name}, rule)
		})
		text, err := sigsyaml.Marshal(rule.Spec)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, threshold.Name+".yaml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// checkLoaded says what keeps Prometheus from evaluating every alert of the thresholds.
func checkLoaded(t *testing.T, url string, all []v1alpha1.AlertThreshold) error {
	prometheus, err := promapi.New(promapi.Options{URL: url})
	if err != nil {
		return err
	}
	healthy := map[string]int{}
	for group, err := range prometheus.Rules(t.Context(), "") {
		if err != nil {
			return err
		}
		for _, rule := range group.Rules {
			if rule.Health == "ok" {
				healthy[rule.Name]++
			}
		}
	}
	for _, threshold := range all {
		if got := healthy[threshold.Spec.Alert]; got < len(threshold.Spec.Levels) {
			return fmt.Errorf("%d of %d alerts %s are evaluated", got, len(threshold.Spec.Levels), threshold.Spec.Alert)
		}
	}
	return nil
}

// writeVLLM writes so many days of a server like vLLM, scraped every minute, beside a web server with a counter of the same name:
// more requests by day, noise, and four incidents of different length and weight in two weeks.
func writeVLLM(w io.Writer, namespace, prefix string, days int) {
	type histogram struct {
		name   string
		median float64
		bounds []float64
	}
	histograms := []histogram{
		{"e2e_request_latency_seconds", 4, []float64{0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30, 40, 50, 60, 120}},
		{"time_to_first_token_seconds", 0.2, []float64{0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 20}},
		{"request_time_per_output_token_seconds", 0.03, []float64{0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1}},
		{"request_queue_time_seconds", 0.3, []float64{0.3, 0.5, 0.8, 1, 1.5, 2, 2.5, 5, 10, 15, 20, 30}},
	}
	minutes := days * 24 * 60
	rng := rand.New(rand.NewPCG(1, 2))
	requests, weight := make([]float64, minutes+1), make([]float64, minutes+1)
	for i := range requests {
		requests[i] = math.Round(max(1, 60+40*math.Sin(2*math.Pi*float64(i)/1440)+8*rng.NormFloat64()))
		weight[i] = 1 + 0.003*(requests[i]-60) + 0.05*math.Abs(rng.NormFloat64())
	}
	for _, incident := range []struct{ begin, length, weight float64 }{{2.3, 40, 6}, {5.6, 25, 3}, {9.1, 90, 4}, {11.7, 15, 2}} {
		for i := int(incident.begin * 1440); i < min(minutes, int(incident.begin*1440+incident.length)); i++ {
			weight[i] *= incident.weight
		}
	}
	at := func(i int) int64 { return past.Add(time.Duration(i-minutes) * time.Minute).Unix() }
	write := func(name, labels string, value func(i int) float64) {
		for i := range requests {
			fmt.Fprintf(w, "%s{namespace=%q,job=%s} %s %d\n", name, namespace, labels, strconv.FormatFloat(value(i), 'f', -1, 64), at(i))
		}
	}
	const labels = `"vllm",pod="vllm-0",instance="10.0.0.1:8000"`
	const ofModel = labels + `,model_name="llama",engine="0"`
	sum := func(each func(i int) float64) func(i int) float64 {
		total := 0.0
		return func(i int) float64 { total += each(i); return total }
	}
	counter := func(name, labels string, each func(i int) float64) {
		fmt.Fprintf(w, "# TYPE %s counter\n", name)
		write(name+"_total", labels, sum(each))
	}
	gauge := func(name, labels string, value func(i int) float64) {
		fmt.Fprintf(w, "# TYPE %s gauge\n", name)
		write(name, labels, value)
	}
	for _, h := range histograms {
		fmt.Fprintf(w, "# TYPE %s histogram\n", prefix+h.name)
		// below is how many of a minute's requests take no longer, if their times are log-normal.
		below := func(bound float64) func(i int) float64 {
			return func(i int) float64 {
				return math.Round(requests[i] * 0.5 * (1 + math.Erf(math.Log(bound/(h.median*weight[i]))/(0.5*math.Sqrt2))))
			}
		}
		for _, bound := range h.bounds {
			write(prefix+h.name+"_bucket", fmt.Sprintf("%s,le=\"%g\"", ofModel, bound), sum(below(bound)))
		}
		write(prefix+h.name+"_bucket", ofModel+`,le="+Inf"`, sum(func(i int) float64 { return requests[i] }))
		write(prefix+h.name+"_count", ofModel, sum(func(i int) float64 { return requests[i] }))
		write(prefix+h.name+"_sum", ofModel, sum(func(i int) float64 { return requests[i] * h.median * weight[i] }))
	}
	counter(prefix+"prompt_tokens", ofModel, func(i int) float64 { return 500 * requests[i] })
	counter(prefix+"generation_tokens", ofModel, func(i int) float64 { return 200 * requests[i] })
	counter(prefix+"num_preemptions", ofModel, func(int) float64 { return 0 })
	counter(prefix+"request_success", ofModel+`,finished_reason="stop"`, func(i int) float64 { return math.Round(0.95 * requests[i]) })
	write(prefix+"request_success_total", ofModel+`,finished_reason="length"`, sum(func(i int) float64 { return requests[i] - math.Round(0.95*requests[i]) }))
	gauge(prefix+"num_requests_running", ofModel, func(i int) float64 { return math.Round(requests[i] / 15 * weight[i]) })
	gauge(prefix+"num_requests_waiting", ofModel, func(i int) float64 { return math.Round(max(0, 10*(weight[i]-1.2))) })
	gauge(prefix+"kv_cache_usage_perc", ofModel, func(i int) float64 { return min(1, 0.3*weight[i]) })
	counter("http_requests", labels+`,handler="/v1/chat/completions",method="POST",status="2xx"`, func(i int) float64 { return requests[i] })
	write("http_requests_total", labels+`,handler="/v1/chat/completions",method="POST",status="5xx"`, sum(func(i int) float64 {
		if weight[i] > 2.5 {
			return math.Round(requests[i] * 0.02 * weight[i])
		}
		return float64(rng.IntN(2))
	}))
	write("http_requests_total", `"web",handler="/v1/unlike",status="5xx"`, sum(func(i int) float64 { return requests[i] }))
	gauge("up", labels, func(i int) float64 {
		if slices.Contains([]int{4000, 4001, 9000, 9001, 9002, 9003, 15000}, i) {
			return 0
		}
		return 1
	})
}
