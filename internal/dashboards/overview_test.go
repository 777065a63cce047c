package dashboards_test

import (
	"strings"
	"testing"
)

// TestOverview: an assistant, a gateway and a server have a row each in their namespaces, with what each of them knows.
func TestOverview(t *testing.T) {
	series := [][2]string{
		{`ai_model_calls_total{namespace="ai", service="a", model="gemini", status="success"}`, "0+54x30"},
		{`ai_model_calls_total{namespace="ai", service="a", model="gemini", status="error"}`, "0+6x30"},
		{`ai_model_calls_total{namespace="ai", service="b", model="llama", status="success"}`, "0+60x30"},
		{`ai_model_duration_seconds_bucket{namespace="ai", service="a", model="gemini", le="1"}`, "0+60x30"},
		{`ai_model_duration_seconds_bucket{namespace="ai", service="a", model="gemini", le="+Inf"}`, "0+60x30"},
		{`ai_model_duration_seconds_count{namespace="ai", service="a", model="gemini"}`, "0+60x30"},
		{`ai_tokens_used_total{namespace="ai", service="a", model="gemini", type="prompt"}`, "0+600x30"},
		{`ai_cost_usd_total{namespace="ai", service="a", model="gemini", type="prompt"}`, "0+1x30"},
		{`active_sessions{namespace="ai", service="a", pod="a-1"}`, "7x30"},
		{`http_requests_total{namespace="gpu", job="vllm", pod="v", handler="/v1/chat/completions", status="2xx"}`, "0+120x30"},
		{`vllm:prompt_tokens_total{namespace="gpu", job="vllm", pod="v", model_name="llama"}`, "0+60x30"},
		{`vllm:generation_tokens_total{namespace="gpu", job="vllm", pod="v", model_name="llama"}`, "0+60x30"},
		{`plimsoll:threshold{namespace="ai", alertthreshold="slow", severity="warning", comparison="above", unit="Seconds", signal="ModelLatency", source="Plimsoll"}`, "2x30"},
		{`plimsoll:threshold{namespace="ai", alertthreshold="slow", severity="critical", comparison="above", unit="Seconds", signal="ModelLatency", source="Plimsoll"}`, "5x30"},
		{`plimsoll:threshold{namespace="ai", alertthreshold="mine", severity="critical", comparison="above", unit="Number"}`, "5x30"},
		{`plimsoll:threshold{namespace="gpu", alertthreshold="slow", severity="warning", comparison="above", unit="Seconds", signal="ModelLatency", source="VLLM"}`, "2x30"},
		{`ALERTS{namespace="ai", alertthreshold="slow", severity="warning", alertname="Slow", alertstate="firing"}`, "1x30"},
		{`ALERTS{namespace="ai", alertthreshold="mine", severity="critical", alertname="Mine", alertstate="firing", pod="x"}`, "1x30"},
		{`ALERTS{namespace="gpu", alertthreshold="slow", severity="warning", alertname="Slow", alertstate="pending"}`, "1x30"},
	}
	table := exprs(t, "overview.json", "Assistants, gateways and model servers")
	var questions []question
	for i, want := range [][]string{
		{"ai Plimsoll 2", "gpu VLLM 2"},    // requests
		{"ai Plimsoll 0.05", "gpu VLLM 0"}, // errors
		{"ai Plimsoll 0.95"},               // p95
		nil,                                // first token
		{"ai Plimsoll 10", "gpu VLLM 2"},   // tokens
		{"ai Plimsoll 30"},                 // cost, of a day whose other hours had none
		{"ai Plimsoll 1", "ai expressions 1", "gpu VLLM 0"}, // thresholds firing
		{"ai Plimsoll 7"}, // sessions
	} {
		questions = append(questions, question{opened(table[i], "$namespace", ".*"), "namespace, source", want})
	}
	questions = append(questions, question{opened(table[0], "$namespace", "(gpu|x)"), "namespace, source", []string{"gpu VLLM 2"}})
	ask(t, series, questions)
}

// TestOverviewLinks: what a row leads to opens with the row's namespace and source.
func TestOverviewLinks(t *testing.T) {
	uids := map[string]bool{}
	for _, d := range load(t) {
		uids[d.UID] = true
	}
	var leads []string
	for _, o := range load(t)["overview.json"].Panels[0].FieldConfig.Overrides {
		for _, p := range o.Properties {
			if p.ID != "links" {
				continue
			}
			url, _ := p.Value.([]any)[0].(map[string]any)["url"].(string)
			uid, query, _ := strings.Cut(strings.TrimPrefix(url, "/d/"), "?")
			if query != "${datasource:queryparam}&var-namespace=${__data.fields.namespace}&var-source=${__data.fields.source}&${__url_time_range}" || !uids[uid] {
				t.Errorf("%s leads to %s", o.Matcher.Options, url)
			}
			leads = append(leads, o.Matcher.Options+" to "+uid)
		}
	}
	if got, want := strings.Join(leads, ", "), "Requests to plimsoll-model, Thresholds firing to plimsoll-thresholds, Sessions to plimsoll-assistant"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
