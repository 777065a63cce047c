package signal

import (
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// TestEverySourceSaysWhy checks that a source either has a signal or says what to do instead.
func TestEverySourceSaysWhy(t *testing.T) {
	for _, source := range Sources() {
		for _, s := range catalogue {
			found, err := s.From(source, "")
			if err == nil {
				if found.Source != source || len(found.Metrics) == 0 {
					t.Errorf("%s of %s is incomplete: %+v", s.Name, source, found)
				}
				continue
			}
			says := err.Error()
			if !strings.HasPrefix(says, string(source)+" has no "+s.Name+": ") ||
				!strings.Contains(says, "name") && !strings.Contains(says, "write") {
				t.Errorf("%s of %s: error %q says no reason and no way out", s.Name, source, says)
			}
		}
	}
}

func TestFromUnknownSource(t *testing.T) {
	s, _ := Lookup(ModelLatency)
	if _, err := s.From("Bananas", ""); err == nil {
		t.Error("From found Bananas")
	}
}

// TestTokensAddNoSubsets checks that no source's token rate takes cached or reasoning tokens.
func TestTokensAddNoSubsets(t *testing.T) {
	for _, source := range Sources()[1:] {
		s, _ := Lookup(TokenRate)
		s, err := s.From(source, "")
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(s.By, "model") || !slices.Contains(s.By, typeWord) {
			t.Errorf("%s cannot be told apart by model and type: %v", source, s.By)
		}
		for _, st := range s.reading.streams() {
			if whole := slices.Contains(st.match, wholeTokens); whole == (st.kind != "") {
				t.Errorf("%s: %s has the kind %q and the matchers %v", source, st.Name, st.kind, st.match)
			}
		}
	}
}

func TestSourceExpr(t *testing.T) {
	byModel := Query{Namespace: "ai", By: []string{"model"}, Match: map[string]string{"model": "m"}, MinTraffic: 0.1}
	for name, tc := range map[string]struct {
		signal string
		source Source
		prefix string
		query  Query
		want   string
	}{
		"a renamed label": {
			Preemptions, VLLM, "", byModel,
			`sum by (model) (label_replace(rate(vllm:num_preemptions_total{namespace="ai",model_name="m"}[5m]), "model", "$1", "model_name", "(.*)"))`,
		},
		"another prefix": {
			Preemptions, VLLM, "kserve_vllm:", Query{Namespace: "ai"},
			`sum(rate(kserve_vllm:num_preemptions_total{namespace="ai"}[5m]))`,
		},
		"a prefix is not that of others' names": {
			ModelErrorRatio, VLLM, "kserve_vllm:", Query{Namespace: "ai"},
			`(sum(rate(http_requests_total{namespace="ai",handler=~"/v1/.*",status="5xx"}[5m])) or 0 * sum(rate(http_requests_total{namespace="ai",handler=~"/v1/.*"}[5m]))) / (sum(rate(http_requests_total{namespace="ai",handler=~"/v1/.*"}[5m])) > 0)`,
		},
		"a gauge has its model": {
			QueueLength, VLLM, "", Query{Namespace: "ai"},
			`label_replace(vllm:num_requests_waiting{namespace="ai"}, "model", "$1", "model_name", "(.*)")`,
		},
		"two names, the newer first": {
			CacheUsage, VLLM, "", Query{Namespace: "ai", By: []string{"pod"}},
			`max by (pod) (vllm:kv_cache_usage_perc{namespace="ai"} or on (job, instance, pod, model_name) vllm:gpu_cache_usage_perc{namespace="ai"})`,
		},
		"two metrics of one ratio": {
			ModelErrorRatio, LiteLLM, "", Query{Namespace: "ai", By: []string{"team"}},
			`(sum by (team) (rate(litellm_proxy_failed_requests_metric_total{namespace="ai"}[5m])) or 0 * sum by (team) (rate(litellm_proxy_total_requests_metric_total{namespace="ai"}[5m]))) / (sum by (team) (rate(litellm_proxy_total_requests_metric_total{namespace="ai"}[5m])) > 0)`,
		},
		"a label under a name that another one has": {
			QueueTime, LiteLLM, "", Query{Namespace: "ai", By: []string{"model", "response_model"}, Quantile: "0.5"},
			`histogram_quantile(0.5, sum by (le, model, response_model) (label_replace(label_replace(rate(litellm_request_queue_time_seconds_bucket{namespace="ai"}[5m]), "response_model", "$1", "model", "(.*)"), "model", "$1", "requested_model", "(.*)"))) and `,
		},
		"tokens of one type": {
			TokenRate, Bifrost, "", Query{Namespace: "ai", Match: map[string]string{"type": "prompt"}},
			`sum(label_replace(rate(bifrost_input_tokens_total{namespace="ai"}[5m]), "type", "prompt", "", ""))`,
		},
		"tokens of one type, by their label": {
			TokenRate, Agentgateway, "", Query{Namespace: "ai", Match: map[string]string{"type": "completion"}},
			`sum(rate(agentgateway_gen_ai_client_token_usage_sum{namespace="ai",gen_ai_token_type="output",gen_ai_token_type=~"input|output"}[5m]) or histogram_sum(rate(agentgateway_gen_ai_client_token_usage{namespace="ai",gen_ai_token_type="output",gen_ai_token_type=~"input|output"}[5m])))`,
		},
		"another namespace label": {
			Preemptions, VLLM, "", Query{Namespace: "ai", NamespaceLabel: "k8s_namespace_name", Match: map[string]string{"k8s_namespace_name": "other", "namespace": "other"}},
			`sum(rate(vllm:num_preemptions_total{k8s_namespace_name="ai"}[5m]))`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := Lookup(tc.signal)
			s, err := s.From(tc.source, tc.prefix)
			if err != nil {
				t.Fatal(err)
			}
			got := s.Expr(tc.query)
			selectors(t, got) // it parses
			if got != tc.want && (!strings.HasSuffix(tc.want, " and ") || !strings.HasPrefix(got, tc.want)) {
				t.Errorf("Expr =\n%s, want\n%s", got, tc.want)
			}
		})
	}
}

func TestAbsentOfAnotherNamespaceLabel(t *testing.T) {
	s, _ := Lookup(Preemptions)
	s, _ = s.From(VLLM, "")
	const want = `label_replace(absent(vllm:num_preemptions_total{ns="ai"}), "namespace", "ai", "", "")`
	if got := s.Absent(Query{Namespace: "ai", NamespaceLabel: "ns"}); got != want {
		t.Errorf("Absent = %s, want %s", got, want)
	}
}

// TestStreamsNameLabelsAlike: the labels of streams that are joined are renamed together.
func TestStreamsNameLabelsAlike(t *testing.T) {
	everySignal(t, func(t *testing.T, s Signal) {
		for _, all := range [][]generation{s.reading.of, s.reading.picked} {
			for _, g := range all {
				for _, st := range g {
					for _, name := range s.By {
						first := s.emitter.label(all[0][0].Metric, name)
						if got := s.emitter.label(st.Metric, name); name != typeWord && got != first {
							t.Errorf("%s has %s as %q, %s as %q", all[0][0].Name, name, first, st.Name, got)
						}
					}
				}
			}
		}
	})
}

// TestBoundsAscend checks the known buckets.
func TestBoundsAscend(t *testing.T) {
	for source, table := range tables {
		for _, m := range table {
			if !slices.IsSorted(m.Buckets) || m.Type != metric.Histogram && m.Buckets != nil {
				t.Errorf("%s: %s has the buckets %v", source, m.Name, m.Buckets)
			}
		}
	}
}

// TestTraffic: what every source's failures are a part of is what the ratio divides by.
func TestTraffic(t *testing.T) {
	for _, source := range Sources() {
		s, err := Signal{Name: ModelErrorRatio}.From(source, "")
		if err != nil {
			t.Fatal(err)
		}
		q := Query{Namespace: "ai", By: []string{"model"}, Window: "1m"}
		if traffic, ratio := s.TrafficExpr(q), s.Expr(q); !strings.HasSuffix(ratio, "/ ("+traffic+" > 0)") {
			t.Errorf("%s: the traffic is %s, the ratio %s", source, traffic, ratio)
		}
	}
}
