package signal

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// scraped are series of a job, by name.
func scraped(job string, names ...string) []Series {
	var all []Series
	for _, name := range names {
		all = append(all, Series{name, job})
	}
	return all
}

// vllmSeries are what vLLM's server has under a prefix, and without one.
func vllmSeries(job, prefix string) []Series {
	return scraped(job, prefix+"e2e_request_latency_seconds_count", prefix+"time_to_first_token_seconds_count",
		prefix+"request_time_per_output_token_seconds_count", prefix+"request_queue_time_seconds_count", prefix+"prompt_tokens_total",
		prefix+"generation_tokens_total", prefix+"request_success_total", prefix+"num_preemptions_total",
		prefix+"num_requests_waiting", prefix+"num_requests_running", prefix+"kv_cache_usage_perc", "http_requests_total")
}

const everyVLLM = "ModelErrorRatio ModelLatency ModelTimeToFirstToken TokenRate TimePerOutputToken QueueLength QueueTime RequestsRunning " +
	"CacheUsage Preemptions AnswerTruncatedRatio"

func TestDiscover(t *testing.T) {
	for name, tc := range map[string]struct {
		series []Series
		want   []string
	}{
		"nothing": {},
		"vLLM":    {vllmSeries("vllm", "vllm:"), []string{"VLLM/ [vllm]: " + everyVLLM}},
		"under another prefix": {
			vllmSeries("vllm", "kserve_vllm:"), []string{"VLLM/kserve_vllm: [vllm]: " + everyVLLM},
		},
		"under both, in two jobs": {
			slices.Concat(vllmSeries("a", "vllm:"), vllmSeries("b", "kserve_vllm:")),
			[]string{
				"VLLM/ [a] but [b]: ModelErrorRatio", "VLLM/ [a]: " + strings.TrimPrefix(everyVLLM, "ModelErrorRatio "),
				"VLLM/kserve_vllm: [b] but [a]: ModelErrorRatio", "VLLM/kserve_vllm: [b]: " + strings.TrimPrefix(everyVLLM, "ModelErrorRatio "),
			},
		},
		"a few names that end alike are of another server": {
			scraped("sglang", "sglang:e2e_request_latency_seconds_count", "sglang:time_to_first_token_seconds_count",
				"sglang:time_per_output_token_seconds_count", "sglang:prompt_tokens_total", "sglang:generation_tokens_total"), nil,
		},
		"one recorded name of a prefix": {scraped("", "team:vllm:num_requests_waiting"), nil},
		"requests of any web server":    {scraped("web", "http_requests_total", "http_request_duration_seconds_count", "errors_total"), nil},
		"up alone":                      {scraped("web", "up"), []string{"Plimsoll/ [web]: Availability"}},
		"the assistant beside another web server": {
			slices.Concat(scraped("assistant", "ai_model_calls_total", "http_requests_total", "up"), scraped("web", "http_requests_total", "up")),
			[]string{
				"Plimsoll/ [assistant] but [web]: HTTPErrorRatio HTTPRequestRate", "Plimsoll/ [assistant]: ModelErrorRatio",
				"Plimsoll/ [assistant web]: Availability",
			},
		},
		"the assistant and vLLM in one job": {
			slices.Concat(scraped("pods", "ai_model_calls_total", "http_requests_total"), scraped("pods", "vllm:num_requests_waiting")),
			[]string{"Plimsoll/ [pods] but [pods]: HTTPErrorRatio HTTPRequestRate", "Plimsoll/ [pods]: ModelErrorRatio", "VLLM/ [pods] but [pods]: ModelErrorRatio", "VLLM/ [pods]: QueueLength"},
		},
		"vLLM beside Bifrost, which reads another name": {
			slices.Concat(scraped("vllm", "vllm:num_requests_waiting", "http_requests_total"), scraped("bifrost", "bifrost_active_requests", "http_requests_total")),
			[]string{"VLLM/ [vllm] but [bifrost]: ModelErrorRatio", "VLLM/ [vllm]: QueueLength", "Bifrost/ [bifrost]: RequestsRunning"},
		},
		"a name of two sources tells neither": {scraped("gateway", "gen_ai_client_token_usage_count"), nil},
		"the gateway's own name tells it": {
			scraped("gateway", "gen_ai_client_token_usage_count", "gen_ai_server_request_duration_seconds_count"),
			[]string{"EnvoyAIGateway/ [gateway]: ModelErrorRatio ModelLatency TokenRate"},
		},
		"native histograms": {
			scraped("otel", "gen_ai_client_operation_duration_seconds"), []string{"OpenTelemetry/ [otel]: ModelErrorRatio ModelLatency"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if got := summary(Discover(tc.series, Sources()...)); !slices.Equal(got, tc.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
}

// summary has a line for each program and its jobs, with the signals that have data.
func summary(all []Discovered) []string {
	var lines []string
	signals := map[string]string{}
	for _, d := range all {
		key := fmt.Sprintf("%s/%s %v", d.Source, d.Prefix, d.Jobs)
		if len(d.Others) > 0 {
			key += fmt.Sprintf(" but %v", d.Others)
		}
		if d.Missing != nil {
			continue
		}
		if signals[key] == "" {
			lines = append(lines, key)
		}
		signals[key] += " " + d.Name
	}
	for i, line := range lines {
		lines[i] = line + ":" + signals[line]
	}
	return lines
}

func TestUnknown(t *testing.T) {
	series := slices.Concat(vllmSeries("vllm", "vllm:"), scraped("vllm", "up"),
		scraped("gateway", "up", "gen_ai_client_token_usage_count"), scraped("web", "http_requests_total"),
		scraped("sglang", "sglang:prompt_tokens_total"))
	want := []string{
		`job "gateway": nothing tells whether gen_ai_client_token_usage_count is of OpenTelemetry or EnvoyAIGateway`,
		`job "web": nothing tells whether http_requests_total is of Plimsoll or VLLM`,
	}
	if got := Unknown(series, Discover(series, Sources()...), Sources()...); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDiscoverSaysWhatIsMissing(t *testing.T) {
	missing := map[string]string{}
	for _, d := range Discover(vllmSeries("vllm", "kserve_vllm:")[1:], Sources()...) {
		if d.Missing != nil {
			missing[d.Name] = d.Missing.Error()
		}
	}
	for name, want := range map[string]string{
		ModelLatency: "there is no kserve_vllm:e2e_request_latency_seconds or kserve_vllm:e2e_request_latency_seconds_count",
		CostPerHour:  "VLLM has no CostPerHour: " + noCost,
	} {
		if missing[name] != want {
			t.Errorf("%s: %q, want %q", name, missing[name], want)
		}
	}
}

func TestDiscoveryExpr(t *testing.T) {
	const want = `count by (__name__, job) ({__name__=~"` +
		`agentgateway_gen_ai_client_cost_usd_total|agentgateway_gen_ai_client_token_usage|agentgateway_gen_ai_client_token_usage_count|` +
		`agentgateway_gen_ai_server_request_duration|agentgateway_gen_ai_server_request_duration_count|` +
		`agentgateway_gen_ai_server_time_per_output_token|agentgateway_gen_ai_server_time_per_output_token_count|` +
		`agentgateway_gen_ai_server_time_to_first_token|agentgateway_gen_ai_server_time_to_first_token_count|` +
		`agentgateway_requests_total",namespace="ai"})`
	if got := DiscoveryExpr("namespace", "ai", Agentgateway); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if got := DiscoveryExpr("namespace", "ai", VLLM); !strings.Contains(got, "|.*num_requests_waiting|") || !strings.Contains(got, "|http_requests_total") {
		t.Errorf("of vLLM %s: want any prefix", got)
	}
	selectors(t, DiscoveryExpr("k8s_namespace_name", `a"b`, Sources()...)) // it parses
}
