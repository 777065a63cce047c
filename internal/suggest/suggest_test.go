package suggest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/model"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
	"github.com/plimsoll-dev/plimsoll/internal/signal"
)

// discovered are signals that were found among series, each written as job/name.
func discovered(series ...string) []signal.Discovered {
	var all []signal.Series
	for _, s := range series {
		job, name, _ := strings.Cut(s, "/")
		all = append(all, signal.Series{Name: name, Job: job})
	}
	return slices.DeleteFunc(signal.Discover(all, signal.Sources()...), func(d signal.Discovered) bool { return d.Missing != nil })
}

func existing(name, alert string, s v1alpha1.Signal) v1alpha1.AlertThreshold {
	return v1alpha1.AlertThreshold{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: v1alpha1.AlertThresholdSpec{Alert: alert, Signal: &s}}
}

func TestCandidates(t *testing.T) {
	queue := v1alpha1.Signal{Name: "QueueLength", Source: "VLLM"}
	model := queue
	model.MatchLabels = map[string]string{"model": "llama"}
	shadow := existing("shadow", "S", queue)
	shadow.Spec.Mode = v1alpha1.ModeShadow
	kserve := queue
	kserve.Prefix = "kserve_vllm:"
	for name, tc := range map[string]struct {
		found    []signal.Discovered
		existing []v1alpha1.AlertThreshold
		want     []string
	}{
		"by model": {
			discovered("v/vllm:num_requests_waiting"), nil, []string{"vllm-long-queue VLLMLongQueue > 0 for 5m by [model] of map[]"},
		},
		"below": {discovered("v/up"), nil, []string{"unavailable Unavailable < 100% for 5m by [job] of map[]"}},
		"money is of all models": {
			discovered("b/bifrost_cost_total"), nil,
			[]string{"bifrost-costly-hour BifrostCostlyHour > $0 for 5m by [] of map[]", "bifrost-costly-day BifrostCostlyDay > $0 for 5m by [] of map[]"},
		},
		"the assistant's job, beside another": {
			discovered("a/ai_requests_in_flight", "a/errors_total", "b/errors_total"), nil,
			[]string{
				"high-error-rate HighErrorRate > 0/s for 5m by [] of map[job:a]",
				"many-requests ManyRequests > 0 for 5m by [model] of map[]",
			},
		},
		"two jobs of the assistant, beside another": {
			discovered("a/ai_requests_in_flight", "a/errors_total", "c/ai_requests_in_flight", "c/errors_total", "b/errors_total"), nil,
			[]string{
				`HTTPErrorRate: other programs have metrics of the same names (job "b"): write a threshold with matchLabels that tell them apart`,
				"many-requests ManyRequests > 0 for 5m by [model] of map[]",
			},
		},
		"watched": {
			discovered("v/vllm:num_requests_waiting"),
			[]v1alpha1.AlertThreshold{
				existing("mine", "Mine", queue), existing("one", "One", model), shadow, existing("other", "Other", kserve),
				existing("running", "Running", v1alpha1.Signal{Name: "RequestsRunning", Source: "VLLM"}), existing("of-us", "OfUs", v1alpha1.Signal{Name: "QueueLength"}),
			},
			[]string{`vllm-long-queue VLLMLongQueue > 0 for 5m by [model] of map[] watched by mine, one (model="llama"), shadow (mode Shadow)`},
		},
		"names that are taken": {
			discovered("v/vllm:num_requests_waiting"),
			[]v1alpha1.AlertThreshold{existing("vllm-long-queue", "A", v1alpha1.Signal{Name: "CPU"}), existing("b", "VLLMLongQueue2", v1alpha1.Signal{Name: "CPU"})},
			[]string{"vllm-long-queue3 VLLMLongQueue3 > 0 for 5m by [model] of map[]"},
		},
		"one after the other": {
			[]signal.Discovered{discovered("v/vllm:num_requests_waiting")[0], discovered("v/vllm:num_requests_waiting")[0]}, nil,
			[]string{"vllm-long-queue VLLMLongQueue > 0 for 5m by [model] of map[]", "vllm-long-queue2 VLLMLongQueue2 > 0 for 5m by [model] of map[]"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, c := range Candidates("ai", tc.found, tc.existing, rules.Options{}) {
				if c.Because != "" {
					got = append(got, c.Name+": "+c.Because)
					continue
				}
				level, s := c.Plan.Levels[0], c.Threshold.Spec.Signal
				text := fmt.Sprintf("%s %s %s for %s by %v of %v", c.Threshold.Name, c.Threshold.Spec.Alert, level,
					backtest.FormatDuration(level.For), s.By, s.MatchLabels)
				if len(c.WatchedBy) > 0 {
					text += " watched by " + strings.Join(c.WatchedBy, ", ")
				}
				got = append(got, text)
			}
			if !slices.Equal(got, tc.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tc.want, "\n"))
			}
		})
	}
}

// TestEverySignal holds that every signal of every source has a valid threshold, with a name of its own.
func TestEverySignal(t *testing.T) {
	var found []signal.Discovered
	for _, source := range signal.Sources() {
		for _, s := range signal.Of(source) {
			found = append(found, signal.Discovered{Signal: s, Jobs: []string{"a"}})
		}
	}
	names := map[string]bool{}
	for _, c := range Candidates("ai", found, nil, rules.Options{}) {
		if c.Because != "" {
			t.Errorf("%s: %s", c.Title(), c.Because)
		}
		if c.Threshold.Name != rules.ThresholdName(c.Threshold.Spec.Alert) || names[c.Threshold.Name] || strings.Contains(c.Threshold.Name, "2") {
			t.Errorf("%s: the name %s is not its own", c.Title(), c.Threshold.Name)
		}
		names[c.Threshold.Name] = true
	}
}

// historyOf is two weeks, with a value at every ten minutes.
func historyOf(t *testing.T, value func(i int) float64) *backtest.History {
	t.Helper()
	w := backtest.WindowUntil(time.Date(2026, 3, 15, 0, 0, 0, 0, time.UTC), 14*24*time.Hour, 10*time.Minute)
	h := &backtest.History{Window: w}
	stream := &model.SampleStream{Metric: model.Metric{"model": "llama"}}
	for i := range w.Evaluations() {
		at := model.TimeFromUnixNano(w.Start.Add(time.Duration(i) * w.Step).UnixNano())
		stream.Values = append(stream.Values, model.SamplePair{Timestamp: at, Value: model.SampleValue(value(i))})
	}
	if err := h.Ingest(model.Matrix{stream}, w.End); err != nil {
		t.Fatal(err)
	}
	return h
}

// busy is a value around 0.3 with three peaks, of which the second is of 4 and two weeks have two others of 3 and 2.
func busy(i int) float64 {
	switch i / 6 {
	case 50:
		return 4
	case 120:
		return 2
	case 250:
		return 3
	}
	return 0.3 + float64(i%10)/100
}

func suggestion(t *testing.T, series string, value func(i int) float64) Suggestion {
	t.Helper()
	s, err := Candidates("ai", discovered(series)[:1], nil, rules.Options{})[0].Suggest(historyOf(t, value), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const wantYAML = `# ModelTimeToFirstToken of VLLM (kserve_vllm:): a quantile of the time from a model call's start to the first text of its answer. Now 360ms; from 300ms to 4s over 14d, the median 350ms; series: 1
# spec.levels[0].above: 2s lies inside the bucket 1s to 2.5s of kserve_vllm:time_to_first_token_seconds: what fires is a guess, take 1s or 2.5s, unless yours has other buckets than VLLM is known to have
apiVersion: plimsoll.dev/v1alpha1
kind: AlertThreshold
metadata:
  name: vllm-slow-first-token
  namespace: ai
spec:
  alert: VLLMSlowFirstToken
  signal:
    by:
    - model
    name: ModelTimeToFirstToken
    prefix: 'kserve_vllm:'
    source: VLLM
  levels:
  # fires at most once a week over 14d (100% covered): 2 fires, the longest 1h; greatest value 4s
  - above: 2s
    for: 5m
    keepFiringFor: 10m
    severity: warning
  # does not fire over 14d (100% covered), with a quarter of headroom; greatest value 4s
  - above: 5s
    for: 5m
    keepFiringFor: 10m
    severity: critical

# QueueLength of VLLM: nothing suggested: the value tells no level from another: it hardly changed over 14d (100% covered)
# QueueLength of VLLM: nothing suggested: already watched by mine
`

func TestYAML(t *testing.T) {
	first := discovered(vllm("time_to_first_token_seconds_count")...)
	i := slices.IndexFunc(first, func(d signal.Discovered) bool { return d.Name == signal.ModelTimeToFirstToken })
	s, err := Candidates("ai", first[i:i+1], nil, rules.Options{})[0].Suggest(historyOf(t, busy), rules.Options{})
	if err != nil {
		t.Fatal(err)
	}
	constant := suggestion(t, "v/vllm:num_requests_waiting", func(int) float64 { return 3 })
	watched := Suggestion{Candidate: Candidates("ai", discovered("v/vllm:num_requests_waiting"),
		[]v1alpha1.AlertThreshold{existing("mine", "Mine", v1alpha1.Signal{Name: "QueueLength", Source: "VLLM"})}, rules.Options{})[0]}
	got, err := YAML([]Suggestion{constant, s, watched})
	if err != nil {
		t.Fatal(err)
	}
	if got != wantYAML {
		t.Errorf("got\n%s\nwant\n%s", got, wantYAML)
	}
	var read v1alpha1.AlertThreshold
	if err := yaml.UnmarshalStrict([]byte(got), &read); err != nil || len(rules.Validate(&read)) > 0 {
		t.Errorf("the YAML is read as %+v, %v: %v", read, err, rules.Validate(&read))
	}
}

// vllm are the series of a server under another prefix.
func vllm(more ...string) []string {
	var all []string
	for _, name := range append(more, "e2e_request_latency_seconds_count", "request_queue_time_seconds_count", "prompt_tokens_total",
		"generation_tokens_total", "num_preemptions_total", "num_requests_waiting", "num_requests_running", "kv_cache_usage_perc") {
		all = append(all, "v/kserve_vllm:"+name)
	}
	return all
}

func TestSuggest(t *testing.T) {
	for name, tc := range map[string]struct {
		series string
		value  func(i int) float64
		want   string
	}{
		"of the greatest value there is none": {
			"v/vllm:kv_cache_usage_perc", func(i int) float64 { return min(1, busy(i)) }, "no level above which the value can cross fires so seldom over 14d (100% covered)",
		},
		"at the highest bucket": {
			"v/vllm:e2e_request_latency_seconds_count", func(i int) float64 { return 7680 * min(1, busy(i)) },
			"no level above which the value can cross fires so seldom over 14d (100% covered)",
		},
		"beyond the buckets that are known": {
			"v/vllm:e2e_request_latency_seconds_count", func(i int) float64 { return 7680 * busy(i) }, "warning > 4h26m40s, critical > 10h50m",
		},
		"no values": {
			"v/vllm:num_requests_waiting", func(int) float64 { return math.NaN() },
			"the signal must have had a value for at least 1d: it had one for 0s over 14d (0% covered)",
		},
	} {
		s := suggestion(t, tc.series, tc.value)
		got := s.Reason()
		if got == "" {
			var levels []string
			for _, level := range s.Plan.Levels {
				levels = append(levels, level.Severity+" "+level.String())
			}
			got = strings.Join(levels, ", ")
		}
		if got != tc.want {
			t.Errorf("%s: %s, want %s", name, got, tc.want)
		}
	}
}

// TestCommentIsOneLine holds that no label value of Prometheus gets out of a comment and into what is applied.
func TestCommentIsOneLine(t *testing.T) {
	for text, want := range map[string]string{"a\nkind: Evil": "# a kind: Evil\n", "a\r\u0085\u2028b": "# a b\n", "": "# -\n"} {
		if got := Comment("", text); got != want {
			t.Errorf("Comment(%q) = %q, want %q", text, got, want)
		}
	}
}
