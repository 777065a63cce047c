package dashboards_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// opened is what Grafana replaces when somebody opens a dashboard.
func opened(expr string, changed ...string) string {
	return strings.NewReplacer(append(changed,
		"$__rate_interval", "2m", "$__range", "1h", "$namespace", "ai", "$service", ".*", "$model", ".*", "$source", ".*",
		"$quantile", "0.95", "$alertthreshold", ".*", "$nearest", "10", "$shown", ".*")...).Replace(expr)
}

// question is what a panel asks, and the answer: for each series the values of some labels, and its own.
type question struct {
	expr, by string
	want     []string
}

// ask has promtool, Prometheus' own tool, answer the questions half an hour after the series begin.
func ask(t *testing.T, series [][2]string, questions []question) {
	t.Helper()
	type object = map[string]any
	var input, tests []object
	for _, s := range series {
		input = append(input, object{"series": s[0], "values": s[1]})
	}
	for _, q := range questions {
		labels, samples := strings.Split(q.by, ", "), []object{}
		for _, want := range q.want {
			words := strings.Split(want, " ")
			var pairs []string
			for i, label := range labels {
				if words[i] != "" {
					pairs = append(pairs, fmt.Sprintf("%s=%q", label, words[i]))
				}
			}
			value, err := strconv.ParseFloat(words[len(labels)], 64)
			if err != nil {
				t.Fatal(err)
			}
			samples = append(samples, object{"labels": "{" + strings.Join(pairs, ", ") + "}", "value": value})
		}
		expr := fmt.Sprintf("sum by (%s) (round(%s, 0.001))", q.by, q.expr)
		tests = append(tests, object{"expr": expr, "eval_time": "30m", "exp_samples": samples})
	}
	text, err := yaml.Marshal(object{"evaluation_interval": "1m", "tests": []object{{"interval": "1m", "input_series": input, "promql_expr_test": tests}}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "test.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("../../hack/bin/promtool", "test", "rules", file).CombinedOutput(); err != nil {
		t.Errorf("promtool: %v\n%s", err, out)
	}
}

// exprs are the queries of the panel of the title.
func exprs(t *testing.T, file, title string) (found []string) {
	t.Helper()
	for _, p := range load(t)[file].Panels {
		if p.Title != title {
			continue
		}
		for _, target := range p.Targets {
			found = append(found, target.Expr)
		}
	}
	if len(found) == 0 {
		t.Fatalf("%s has no panel %q", file, title)
	}
	return found
}

// TestModelWithoutTheAssistant: vLLM alone fills the dashboard, but for cost, which it does not know; each source is a line of its
// own, and the variables choose.
func TestModelWithoutTheAssistant(t *testing.T) {
	const target = `namespace="ai", job="vllm", pod="a"`
	vllm := [][2]string{
		{`http_requests_total{` + target + `, handler="/v1/chat/completions", status="2xx"}`, "0+54x30"},
		{`http_requests_total{` + target + `, handler="/v1/chat/completions", status="5xx"}`, "0+6x30"},
		{`vllm:e2e_request_latency_seconds_bucket{` + target + `, model_name="llama", le="1"}`, "0+60x30"},
		{`vllm:e2e_request_latency_seconds_bucket{` + target + `, model_name="llama", le="+Inf"}`, "0+60x30"},
		{`vllm:e2e_request_latency_seconds_count{` + target + `, model_name="llama"}`, "0+60x30"},
		{`vllm:time_to_first_token_seconds_bucket{` + target + `, model_name="llama", le="0.5"}`, "0+60x30"},
		{`vllm:time_to_first_token_seconds_bucket{` + target + `, model_name="llama", le="+Inf"}`, "0+60x30"},
		{`vllm:time_to_first_token_seconds_count{` + target + `, model_name="llama"}`, "0+60x30"},
		{`vllm:time_per_output_token_seconds_bucket{` + target + `, model_name="llama", le="0.1"}`, "0+60x30"},
		{`vllm:time_per_output_token_seconds_bucket{` + target + `, model_name="llama", le="+Inf"}`, "0+60x30"},
		{`vllm:time_per_output_token_seconds_count{` + target + `, model_name="llama"}`, "0+60x30"},
		{`vllm:request_queue_time_seconds_bucket{` + target + `, model_name="llama", le="0.3"}`, "0+60x30"},
		{`vllm:request_queue_time_seconds_bucket{` + target + `, model_name="llama", le="+Inf"}`, "0+60x30"},
		{`vllm:request_queue_time_seconds_count{` + target + `, model_name="llama"}`, "0+60x30"},
		{`vllm:prompt_tokens_total{` + target + `, model_name="llama"}`, "0+600x30"},
		{`vllm:generation_tokens_total{` + target + `, model_name="llama"}`, "0+120x30"},
		{`vllm:request_success_total{` + target + `, model_name="llama", finished_reason="length"}`, "0+6x30"},
		{`vllm:request_success_total{` + target + `, model_name="llama", finished_reason="stop"}`, "0+54x30"},
		{`vllm:num_requests_waiting{` + target + `, model_name="llama"}`, "3x30"},
		{`vllm:num_requests_running{` + target + `, model_name="llama"}`, "8x30"},
		{`vllm:gpu_cache_usage_perc{` + target + `, model_name="llama"}`, "0.7x30"},
		{`vllm:num_preemptions_total{` + target + `, model_name="llama"}`, "0+6x30"},
		{`vllm:num_requests_waiting{namespace="other", model_name="llama"}`, "9x30"},
	}
	var questions []question
	for title, want := range map[string][]string{
		"Calls":                  {"VLLM   1"},
		"Failed calls":           {"VLLM   0.1"},
		"Call duration":          {"VLLM llama  0.95"},
		"Time to first token":    {"VLLM llama  0.475"},
		"Time per output token":  {"VLLM llama  0.095"},
		"Tokens":                 {"VLLM llama completion 2", "VLLM llama prompt 10"},
		"Truncated answers":      {"VLLM llama  0.1"},
		"Cost per hour":          nil,
		"Cost of the last day":   nil,
		"Queue length":           {"VLLM llama  3"},
		"Time in the queue":      {"VLLM llama  0.285"},
		"Running requests":       {"VLLM llama  8"},
		"KV cache usage":         {"VLLM llama  0.7"},
		"Preemptions":            {"VLLM llama  0.1"},
		"Where usage comes from": nil,
	} {
		questions = append(questions, question{opened(exprs(t, "model.json", title)[0]), "source, model, type", want})
	}
	ask(t, vllm, questions)

	running := exprs(t, "model.json", "Running requests")[0]
	ask(t, append(vllm, [2]string{`ai_requests_in_flight{namespace="ai", service="assistant", model="gemini"}`, "2x30"}), []question{
		{opened(running), "source, model", []string{"Plimsoll gemini 2", "VLLM llama 8"}},
		{opened(running, "$source", "VLLM"), "source, model", []string{"VLLM llama 8"}},
		{opened(running, "$source", "(VLLM|LiteLLM)"), "source, model", []string{"VLLM llama 8"}},
		{opened(running, "$source", "(Plimsoll|VLLM)"), "source, model", []string{"Plimsoll gemini 2", "VLLM llama 8"}},
		{opened(running, "$source", "LiteLLM"), "source, model", nil},
		{opened(running, "$model", "(llama)"), "source, model", []string{"VLLM llama 8"}},
		{opened(running, "$service", "assistant"), "source, model", []string{"Plimsoll gemini 2"}},
	})
}

// Levels as the rules record them: beyond, near, far, below its level, at zero and beyond zero, and without data.
var recorded = [][2]string{
	{`plimsoll:threshold{namespace="ai", alertthreshold="slow", severity="warning", comparison="above", unit="Seconds"}`, "2x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="slow", severity="critical", comparison="above", unit="Seconds"}`, "5x30"},
	{`plimsoll:signal{namespace="ai", alertthreshold="slow", endpoint="/chat"}`, "3x30"},
	{`plimsoll:signal{namespace="ai", alertthreshold="slow", endpoint="/health"}`, "1x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="cpu", severity="warning", comparison="above", unit="Percent"}`, "80x30"},
	{`plimsoll:signal{namespace="ai", alertthreshold="cpu", pod="a"}`, "20x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="up", severity="critical", comparison="below", unit="Ratio"}`, "0.8x30"},
	{`plimsoll:signal{namespace="ai", alertthreshold="up"}`, "1x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="quiet", severity="warning", comparison="above", unit="Number"}`, "0x30"},
	{`plimsoll:signal{namespace="ai", alertthreshold="quiet"}`, "0x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="quota", severity="critical", comparison="above", unit="Number"}`, "0x30"},
	{`plimsoll:signal{namespace="ai", alertthreshold="quota"}`, "4x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="gone", severity="warning", comparison="above", unit="USD"}`, "50x30"},
	{`ALERTS{namespace="ai", alertthreshold="gone", severity="warning", alertstate="firing", nodata="true"}`, "1x10"},
}

func TestHeadroom(t *testing.T) {
	table := exprs(t, "thresholds.json", "Headroom")
	by := "alertthreshold, severity, unit"
	ask(t, recorded, []question{
		{opened(table[0]), by, []string{
			"cpu warning Percent 80", "gone warning USD 50", "quiet warning Number 0", "quota critical Number 0", "slow critical Seconds 5",
			"slow warning Seconds 2", "up critical Ratio 0.8",
		}},
		{opened(table[1]), by, []string{
			"cpu warning Percent 0.75", "gone warning USD +Inf", "quiet warning Number +Inf", "quota critical Number -Inf",
			"slow critical Seconds 0.4", "slow warning Seconds -0.5", "up critical Ratio 0.25",
		}},
		{opened(table[2]), by, []string{
			"cpu warning Percent 20", "quiet warning Number 0", "quota critical Number 4", "slow critical Seconds 3", "slow warning Seconds 3",
			"up critical Ratio 1",
		}},
	})
}

// TestShown: the nearest of the chosen thresholds and those with an alert in the time are shown, each in the panel of its unit.
func TestShown(t *testing.T) {
	var shown string
	for _, v := range load(t)["thresholds.json"].Templating.List {
		if query, ok := v.Query.(string); ok && v.Name == "shown" {
			shown = strings.TrimSuffix(strings.TrimPrefix(query, "query_result("), ")")
		}
	}
	name := "alertthreshold"
	var questions []question
	for nearest, want := range map[string][]string{"1": {"gone", "quota"}, "2": {"gone", "quota", "slow"}, "3": {"gone", "quota", "slow", "up"}} {
		questions = append(questions, question{"count by (alertthreshold) (" + opened(shown, "$nearest", nearest) + ")", name, withValue(want, 1)})
	}
	questions = append(questions,
		question{"count by (alertthreshold) (" + opened(shown, "$alertthreshold", "(cpu|quiet)") + ")", name, withValue([]string{"cpu", "quiet"}, 1)})
	for title, want := range map[string][]string{
		"States":     {"gone warning  0", "slow critical  0", "slow warning  0"},
		"Durations":  {"slow  /chat 3", "slow  /health 1", "slow critical  5", "slow warning  2"},
		"US dollars": {"gone warning  50"},
		"Numbers":    nil,
	} {
		expr := opened(exprs(t, "thresholds.json", title)[0], "$shown", "(gone|slow)")
		questions = append(questions, question{expr, "alertthreshold, severity, endpoint", want})
	}
	ask(t, recorded, questions)
}

// withValue puts the value behind each text.
func withValue(texts []string, value int) []string {
	var all []string
	for _, text := range texts {
		all = append(all, fmt.Sprintf("%s %d", text, value))
	}
	return all
}

// TestThresholdsOpenCheaply: however many thresholds there are, opening the dashboard asks at most twenty things.
func TestThresholdsOpenCheaply(t *testing.T) {
	d := load(t)["thresholds.json"]
	asked := 0
	for _, v := range d.Templating.List {
		if v.Type == "query" {
			asked++
		}
	}
	for _, p := range d.Panels {
		asked += len(p.Targets)
		if p.Repeat != "" {
			t.Errorf("panel %q is repeated for every value of %s", p.Title, p.Repeat)
		}
	}
	if asked > 20 {
		t.Errorf("%d queries", asked)
	}
}
