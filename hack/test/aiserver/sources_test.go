//go:build integration

package main

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

const (
	// window is that of every rate: long enough for several scrapes, short enough to wait for.
	window = "8s"
	// patience bounds how long values may take to come right, on the slowest machine. A scrape that is late spoils a window.
	patience = 3 * time.Minute
)

// models are what every target serves; the second one's rank is higher by one.
var models = []string{"large", "small"}

// target is a program whose metrics Prometheus has, in a namespace of its own.
type target struct {
	namespace string
	source    signal.Source
	prefix    string
	// namespaceLabel is the label that holds the namespace; empty for namespace.
	namespaceLabel string
	// rank is that of the first model. It differs between namespaces, so that values of another one would show.
	rank int
	// bounds are the families whose bounds the latencies take, by signal: the signals that the target has, with the others.
	bounds map[string]family
	// lacks are signals of the source that the target shows nothing of.
	lacks []string
	// scrape is how Prometheus scrapes it, as YAML in one line; empty for a target that pushes.
	scrape  string
	handler http.Handler
}

// histograms are what is exposed, and how Prometheus takes it; custom is native histograms with classic buckets.
var histograms = []struct {
	name    string
	classic bool
	native  float64
	scrape  string
}{
	{"classic", true, 0, ""},
	{"native", false, 1.005, "scrape_native_histograms: true"},
	{"either", true, 1.005, "scrape_native_histograms: true, always_scrape_classic_histograms: true"},
	{"custom", true, 0, "convert_classic_histograms_to_nhcb: true"},
}

// latencies are the metrics of the latencies, by the emitters' own documentation.
var latencies = map[signal.Source]map[string]string{
	signal.VLLM: {
		signal.ModelLatency: "vllm:e2e_request_latency_seconds", signal.ModelTimeToFirstToken: "vllm:time_to_first_token_seconds",
		signal.TimePerOutputToken: "vllm:request_time_per_output_token_seconds", signal.QueueTime: "vllm:request_queue_time_seconds",
	},
	signal.LiteLLM: {
		signal.ModelLatency: "litellm_llm_api_latency_metric", signal.ModelTimeToFirstToken: "litellm_llm_api_time_to_first_token_metric",
		signal.TimePerOutputToken: "litellm_deployment_latency_per_output_token", signal.QueueTime: "litellm_request_queue_time_seconds",
	},
	signal.Bifrost: {
		signal.ModelLatency: "bifrost_upstream_latency_seconds", signal.ModelTimeToFirstToken: "bifrost_stream_first_token_latency_seconds",
		signal.TimePerOutputToken: "bifrost_stream_inter_token_latency_seconds",
	},
	signal.Agentgateway: {
		signal.ModelLatency:          "agentgateway_gen_ai_server_request_duration",
		signal.ModelTimeToFirstToken: "agentgateway_gen_ai_server_time_to_first_token",
		signal.TimePerOutputToken:    "agentgateway_gen_ai_server_time_per_output_token",
	},
	signal.EnvoyAIGateway: {
		signal.ModelLatency:          "gen_ai_server_request_duration_seconds",
		signal.ModelTimeToFirstToken: "gen_ai_server_time_to_first_token_seconds",
		signal.TimePerOutputToken:    "gen_ai_server_time_per_output_token_seconds",
	},
}

// failures are those of all calls, where it is not the failed of twenty: some count them beside the calls that have a latency.
var failures = map[signal.Source]func(q map[string]float64) float64{
	signal.VLLM:         func(q map[string]float64) float64 { return q["failed"] / (q["calls"] + q["failed"]) },
	signal.LiteLLM:      func(q map[string]float64) float64 { return q["failed"] / (q["calls"] + q["failed"]) },
	signal.Agentgateway: func(q map[string]float64) float64 { return q["failed"] / (q["calls"] + q["failed"] + q["blocked"]) },
}

// values are what signals other than latencies come to, by the quantities put in every second.
var values = map[string]func(q map[string]float64) float64{
	signal.ModelErrorRatio:      func(q map[string]float64) float64 { return q["failed"] / q["calls"] },
	signal.TokenRate:            func(q map[string]float64) float64 { return q["input"] + q["output"] },
	signal.CostPerHour:          func(q map[string]float64) float64 { return 3600 * q["cost"] },
	signal.CostPerDay:           func(q map[string]float64) float64 { return 86400 * q["cost"] },
	signal.QueueLength:          func(q map[string]float64) float64 { return q["waiting"] },
	signal.RequestsRunning:      func(q map[string]float64) float64 { return q["running"] },
	signal.CacheUsage:           func(q map[string]float64) float64 { return q["cache"] },
	signal.Preemptions:          func(q map[string]float64) float64 { return q["preempted"] },
	signal.AnswerTruncatedRatio: func(q map[string]float64) float64 { return q["truncated"] / (q["truncated"] + q["stopped"]) },
	signal.AnswerBlockedRatio:   func(q map[string]float64) float64 { return q["blocked"] / (q["calls"] + q["failed"] + q["blocked"]) },
}

// answering are the signals that know only the name of the model that answered, and how it is written.
var answering = map[signal.Source]map[string]string{
	signal.LiteLLM: {signal.CostPerHour: "%s-001", signal.CostPerDay: "%s-001", signal.TimePerOutputToken: "openai/%s-001"},
}

// TestSources scrapes a stand-in of every source, with every kind of histograms, by a real Prometheus, and holds every signal
// of it to what was put in.
func TestSources(t *testing.T) {
	var targets []target
	for source := range latencies {
		for rank, h := range histograms {
			targets = append(targets, newTarget(t, source, rank, h.classic, h.native, h.name, h.scrape))
		}
	}
	kserve := newTarget(t, signal.VLLM, len(histograms), true, 0, "kserve",
		`metric_relabel_configs: [{source_labels: [__name__], regex: "vllm:(.*)", target_label: __name__, replacement: "kserve_vllm:$1"}]`)
	kserve.prefix = "kserve_vllm:"
	targets = append(targets, kserve)
	server, _ := scrapeAll(t, targets)
	for _, target := range targets {
		t.Run(target.namespace, func(t *testing.T) {
			t.Parallel()
			target.holds(t, server)
		})
	}
}

func newTarget(t *testing.T, source signal.Source, rank int, classic bool, native float64, name, scrape string) target {
	t.Helper()
	families, err := load(string(source))
	if err != nil {
		t.Fatal(err)
	}
	registry := prometheus.NewRegistry()
	g := target{
		namespace: strings.ToLower(string(source)) + "-" + name, source: source, rank: rank, bounds: map[string]family{}, scrape: scrape,
		handler: eachScrape(registry, register(registry, families, classic, native), models, rank),
	}
	g.findBounds(t, families, latencies[source])
	return g
}

// findBounds finds the families of the latencies.
func (g target) findBounds(t *testing.T, families []family, latencies map[string]string) {
	t.Helper()
	for s, latency := range latencies {
		i := slices.IndexFunc(families, func(f family) bool { return f.Name == latency })
		if i < 0 {
			t.Fatalf("%s has no %s", g.source, latency)
		}
		g.bounds[s] = families[i]
	}
}

// scrapeAll starts a Prometheus that scrapes the targets every second.
func scrapeAll(t *testing.T, targets []target, flags ...string) (client *promapi.Client, url string) {
	t.Helper()
	mux := http.NewServeMux()
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	config := strings.Builder{}
	config.WriteString("global: {scrape_interval: 1s}\notlp: {promote_resource_attributes: [k8s.namespace.name]}\nscrape_configs:\n")
	for _, target := range targets {
		mux.Handle("/"+target.namespace, target.handler)
		fmt.Fprintf(&config, "- {job_name: %[1]s, metrics_path: /%[1]s, static_configs: [{targets: [%[2]q], labels: {namespace: %[1]s, pod: %[1]s-0}}]",
			target.namespace, srv.Listener.Addr().String())
		if target.scrape != "" {
			config.WriteString(", " + target.scrape)
		}
		config.WriteString("}\n")
	}
	url = prometheusserver.Start(t, config.String(), flags...).URL()
	client, err := promapi.New(promapi.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	return client, url
}

// holds waits until every signal of the target's source has the value that was put in.
func (g target) holds(t *testing.T, server *promapi.Client) {
	checks := g.checks(t)
	var wrong []string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(time.Second) {
		wrong = nil
		checks = slices.DeleteFunc(checks, func(c check) bool {
			err := c.do(t, server)
			if err != nil {
				wrong = append(wrong, err.Error())
			}
			return err == nil
		})
		if len(checks) == 0 {
			return
		}
	}
	t.Error(strings.Join(wrong, "\n"))
}

// check is a query and what it gives, by the value of one label.
type check struct {
	name, expr string
	label      model.LabelName
	want       map[string]float64
	// tolerance is relative.
	tolerance float64
}

func (c check) do(t *testing.T, server *promapi.Client) error {
	got, err := server.Query(t.Context(), c.expr, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, sample := range got {
		values[string(sample.Metric[c.label])] = float64(sample.Value)
	}
	if len(got) != len(c.want) || !maps.EqualFunc(values, c.want, func(v, want float64) bool { return math.Abs(v-want) <= c.tolerance*want }) {
		return fmt.Errorf("%s is %v, want %v within %v: %s", c.name, values, c.want, c.tolerance, c.expr)
	}
	return nil
}

// checks are those of every signal of the source, alone and by every label that tells its values apart.
func (g target) checks(t *testing.T) (all []check) {
	t.Helper()
	for _, s := range signal.Of(g.source) {
		if slices.Contains(g.lacks, s.Name) {
			continue
		}
		s, err := s.From(g.source, g.prefix)
		if err != nil {
			t.Fatal(err)
		}
		value, isLatency := g.value(s)
		if value == nil {
			t.Fatalf("%s has %s, and the test does not know what it comes to", g.source, s.Name)
		}
		add := func(label string, want map[string]float64, q signal.Query) {
			c := check{name: s.Name + " by " + label, label: model.LabelName(label), want: want, tolerance: 1e-9}
			q.Namespace, q.NamespaceLabel, q.Window = g.namespace, g.namespaceLabel, window
			if label != "" {
				q.By = []string{label}
			}
			if isLatency {
				c.tolerance = 0.01
			}
			c.expr = s.Expr(q)
			all = append(all, c)
		}
		first, second := quantities(g.rank), quantities(g.rank+1)
		sum := map[string]float64{}
		for name := range first {
			sum[name] = first[name] + second[name]
		}
		spelling := cmp.Or(answering[g.source][s.Name], "%s")
		byModel := map[string]float64{
			fmt.Sprintf(spelling, models[0]): value(first, g.rank), fmt.Sprintf(spelling, models[1]): value(second, g.rank+1),
		}
		hasModel := slices.Contains(s.By, "model")
		if hasModel {
			add("model", byModel, signal.Query{})
			add("model", map[string]float64{fmt.Sprintf(spelling, models[1]): value(second, g.rank+1)},
				signal.Query{Match: map[string]string{"model": fmt.Sprintf(spelling, models[1]), "namespace": "other"}})
		}
		switch {
		case isLatency: // of forty calls 39 take at most the second model's bound
			add("", map[string]float64{"": value(second, g.rank+1)}, signal.Query{Quantile: "0.975"})
		case s.Window == "" && hasModel: // a gauge: each series, and a pod's
			all = append(all, check{s.Name, s.Expr(signal.Query{Namespace: g.namespace}), "model", byModel, 1e-9})
			pod := value(sum, 0)
			if s.Name == signal.CacheUsage {
				pod = value(second, 0)
			}
			add("pod", map[string]float64{g.namespace + "-0": pod}, signal.Query{})
		case s.Window == "": // a gauge without a model has the last value set
			add("", map[string]float64{"": value(second, 0)}, signal.Query{})
		default:
			add("", map[string]float64{"": value(sum, 0)}, signal.Query{})
		}
		if s.Name == signal.TokenRate {
			add("type", map[string]float64{"prompt": sum["input"], "completion": sum["output"]}, signal.Query{})
			add("", map[string]float64{"": sum["output"]}, signal.Query{Match: map[string]string{"type": "completion"}})
		}
	}
	return all
}

// value returns what the signal comes to by a model's quantities and rank; nil when that is not known.
func (g target) value(s signal.Signal) (value func(q map[string]float64, rank int) float64, isLatency bool) {
	if f, ok := g.bounds[s.Name]; ok {
		return func(_ map[string]float64, rank int) float64 { return f.bound(rank) }, true
	}
	of := values[s.Name]
	if s.Name == signal.ModelErrorRatio && failures[g.source] != nil {
		of = failures[g.source]
	}
	if of == nil {
		return nil, false
	}
	return func(q map[string]float64, _ int) float64 { return of(q) }, false
}
