package dashboards_test

import "testing"

// assistants are series of an assistant of whose routes one has traffic and one never had any, and of whose errors one kind came up.
var assistants = [][2]string{
	{`http_requests_total{namespace="ai", service="a", pod="a-1", endpoint="/chat", method="POST", status="200"}`, "0+60x30"},
	{`http_requests_total{namespace="ai", service="a", pod="a-1", endpoint="/stats", method="GET", status="200"}`, "0x30"},
	{`http_request_duration_seconds_bucket{namespace="ai", service="a", pod="a-1", endpoint="/chat", le="1"}`, "0+60x30"},
	{`http_request_duration_seconds_bucket{namespace="ai", service="a", pod="a-1", endpoint="/chat", le="+Inf"}`, "0+60x30"},
	{`http_request_duration_seconds_count{namespace="ai", service="a", pod="a-1", endpoint="/chat"}`, "0+60x30"},
	{`http_request_duration_seconds_bucket{namespace="ai", service="a", pod="a-1", endpoint="/stats", le="+Inf"}`, "0x30"},
	{`http_request_duration_seconds_count{namespace="ai", service="a", pod="a-1", endpoint="/stats"}`, "0x30"},
	{`errors_total{namespace="ai", service="a", pod="a-1", error_type="timeout", endpoint="ai_model"}`, "0+6x10 60x20"},
	{`errors_total{namespace="ai", service="a", pod="a-1", error_type="auth", endpoint="/chat"}`, "0x30"},
	{`session_store_errors_total{namespace="ai", service="a", pod="a-1", operation="append"}`, "0x30"},
	{`session_store_errors_total{namespace="ai", service="a", pod="a-1", operation="history"}`, "0x30"},
	{`system_cpu_usage_percent{namespace="ai", service="a", pod="a-1"}`, "91x30"},
	{`system_memory_usage_percent{namespace="ai", service="a", pod="a-1"}`, "40x30"},
	{`plimsoll:signal{namespace="ai", alertthreshold="slow", endpoint="/chat"}`, "0.95x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="slow", severity="warning", comparison="above", unit="Seconds", signal="HTTPLatency", source="Plimsoll"}`, "2x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="slow", severity="critical", comparison="above", unit="Seconds", signal="HTTPLatency", source="Plimsoll"}`, "5x30"},
	{`plimsoll:signal{namespace="ai", alertthreshold="many"}`, "1x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="many", severity="warning", comparison="above", unit="PerSecond", signal="HTTPRequestRate", source="Plimsoll"}`, "0.5x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="many", severity="warning", comparison="below", unit="PerSecond", signal="HTTPRequestRate", source="Plimsoll"}`, "0.1x30"},
	{`plimsoll:signal{namespace="ai", alertthreshold="hot", pod="a-1"}`, "91x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="hot", severity="warning", comparison="above", unit="Percent", signal="CPU", source="Plimsoll"}`, "80x30"},
	{`plimsoll:threshold{namespace="other", alertthreshold="hot", severity="warning", comparison="above", unit="Percent", signal="CPU", source="Plimsoll"}`, "10x30"},
	{`plimsoll:threshold{namespace="ai", alertthreshold="calls", severity="warning", comparison="above", unit="Seconds", signal="HTTPLatency", source="VLLM"}`, "1x30"},
	{`ALERTS{namespace="ai", alertthreshold="hot", severity="warning", alertname="Hot", alertstate="firing", pod="a-1"}`, "1x30"},
	{`ALERTS{namespace="ai", alertthreshold="hot", severity="warning", alertname="Hot", alertstate="firing", pod="a-2"}`, "1x30"},
	{`ALERTS{namespace="ai", alertthreshold="many", severity="warning", alertname="Many", alertstate="pending"}`, "1x30"},
	{`ALERTS{namespace="ai", alertname="Watchdog", alertstate="firing"}`, "1x30"},
	{`process_start_time_seconds{namespace="ai", service="a", pod="a-1"}`, "1700x30"},
	{`kube_replicaset_created{namespace="ai", replicaset="a-5d8f"}`, "1600x30"},
	{`kube_replicaset_created{namespace="ai", replicaset="redis-77"}`, "1500x30"},
}

// TestFigureValues: a figure is the value over the signal's window, says whether a level is crossed, and has the level that is
// crossed or nearest; without thresholds it is the value alone.
func TestFigureValues(t *testing.T) {
	figure := func(title string) []string { return exprs(t, "assistant.json", title) }
	level := "severity, comparison"
	questions := []question{
		{opened(figure("p95")[0]), "is", []string{"now 0.95"}},
		{opened(figure("p95")[1]), level, []string{"warning above 2"}},
		{opened(figure("Requests")[0]), "is", []string{"crossed 1"}},
		{opened(figure("Requests")[1]), level, []string{"warning above 0.5"}},
		{opened(figure("Errors")[0]), "is", []string{"now 0"}},
		{opened(figure("Errors")[1]), level, nil},
		{opened(figure("First token")[0]), "is", nil},
		{opened(figure("Thresholds firing")[0]), "is", []string{" 1"}},
		{opened(figure("Thresholds firing")[0], "$namespace", "other"), "is", []string{" 0"}},
	}
	for i := range questions { // a text with blanks is no word of an answer
		questions[i].expr = `label_replace(` + questions[i].expr + `, "is", "crossed", "is", "now, level crossed")`
	}
	ask(t, assistants, questions)
}

// TestModelFigures: of several sources a figure is the greatest, of those and of the models that are chosen; so are the levels.
func TestModelFigures(t *testing.T) {
	series := [][2]string{
		{`ai_model_calls_total{namespace="ai", service="a", model="gemini", status="success"}`, "0+54x30"},
		{`ai_model_calls_total{namespace="ai", service="a", model="gemini", status="error"}`, "0+6x30"},
		{`ai_model_calls_total{namespace="ai", service="a", model="other", status="success"}`, "0+30x30"},
		{`http_requests_total{namespace="ai", job="vllm", pod="v", handler="/v1/chat/completions", status="2xx"}`, "0+120x30"},
		{`vllm:e2e_request_latency_seconds_bucket{namespace="ai", job="vllm", pod="v", model_name="llama", le="1"}`, "0+60x30"},
		{`vllm:e2e_request_latency_seconds_bucket{namespace="ai", job="vllm", pod="v", model_name="llama", le="+Inf"}`, "0+60x30"},
		{`vllm:e2e_request_latency_seconds_count{namespace="ai", job="vllm", pod="v", model_name="llama"}`, "0+60x30"},
		{`plimsoll:signal{namespace="ai", alertthreshold="slow"}`, "0.95x30"},
		{`plimsoll:threshold{namespace="ai", alertthreshold="slow", severity="warning", comparison="above", unit="Seconds", signal="ModelLatency", source="VLLM"}`, "0.5x30"},
	}
	figure := func(title string, query int, changed ...string) string {
		return `label_replace(` + opened(exprs(t, "model.json", title)[query], changed...) + `, "is", "crossed", "is", "now, level crossed")`
	}
	ask(t, series, []question{
		{figure("Requests", 0), "is", []string{" 2"}},
		{figure("Requests", 0, "$source", "Plimsoll"), "is", []string{" 1.5"}},
		{figure("Requests", 0, "$source", "Plimsoll", "$model", "(gemini)"), "is", []string{" 1"}},
		{figure("Errors", 0), "is", []string{"now 0.067"}},
		{figure("Errors", 0, "$model", "(gemini)"), "is", []string{"now 0.1"}},
		{figure("p95", 0), "is", []string{"crossed 0.95"}},
		{figure("p95", 1), "severity, comparison", []string{"warning above 0.5"}},
		{figure("p95", 0, "$source", "Plimsoll"), "is", nil},
		{figure("p95", 1, "$source", "Plimsoll"), "severity, comparison", nil},
	})
}

// TestLevelsDrawn: panels have the levels of their own signal, source and namespace, of each severity and side the first three.
func TestLevelsDrawn(t *testing.T) {
	drawn := func(title string) string {
		all := exprs(t, "assistant.json", title)
		return opened(all[len(all)-1])
	}
	by := "alertthreshold, severity, comparison"
	many := assistants
	for _, level := range []string{"7", "4", "6", "3"} {
		many = append(many, [2]string{`plimsoll:threshold{namespace="ai", alertthreshold="slow-` + level +
			`", severity="warning", comparison="above", unit="Seconds", signal="HTTPLatency", source="Plimsoll"}`, level + "x30"})
	}
	ask(t, many, []question{
		{drawn("Response Time (95th percentile)"), by, []string{"slow critical above 5", "slow warning above 2", "slow-3 warning above 3", "slow-4 warning above 4"}},
		{drawn("Request Rate"), by, []string{"many warning above 0.5", "many warning below 0.1"}},
		{drawn("Usage over time"), by, []string{"hot warning above 80"}},
		{drawn("Error Rate"), by, nil},
	})
}

// TestWithoutTraffic: routes and kinds that counted nothing in the time that is shown are no lines; where all did not, there is one.
func TestWithoutTraffic(t *testing.T) {
	first := func(title string) string { return opened(exprs(t, "assistant.json", title)[0]) }
	ask(t, assistants, []question{
		{first("Request Rate"), "endpoint", []string{"/chat 1"}},
		{first("Response Time (95th percentile)"), "endpoint", []string{"/chat 0.95"}},
		{first("Errors by kind"), "error_type", []string{"timeout 0"}}, // a while ago
		{first("Error Rate"), "error_type, endpoint", []string{"timeout ai_model 0"}},
		{first("Session store"), "operation", []string{"none 0"}},
	})
}

// TestEventTimes: an alert that fires is one event, and pods and rollouts of the chosen services have the time at which they began.
func TestEventTimes(t *testing.T) {
	want := map[string]question{
		"Firing alerts":                 {by: "alertthreshold, alertname", want: []string{"hot Hot 1"}},
		"Pod starts":                    {by: "pod", want: []string{"a-1 1700000"}},
		"Rollouts (kube-state-metrics)": {by: "replicaset", want: []string{"a-5d8f 1600000"}},
	}
	var questions []question
	for _, event := range load(t)["assistant.json"].Annotations.List {
		q := want[event.Name]
		q.expr = opened(event.Expr, "$service", "a")
		questions = append(questions, q)
	}
	if len(questions) != len(want) {
		t.Fatalf("%d events", len(questions))
	}
	ask(t, assistants, questions)
}
