package telemetry

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/expfmt"
	prom "github.com/prometheus/common/model"

	"github.com/plimsoll-dev/plimsoll/hack/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// agree holds the kinds of error that the callers saw, which are the client's own words, to the ledger.
func agree(t *testing.T, kinds map[string]float64, ledger server.Ledger) {
	t.Helper()
	for what, pair := range map[string][2]float64{
		"calls":       {mixedCalls, float64(ledger.Requests)},
		"blocked":     {kinds["blocked"], float64(ledger.Blocked)},
		"truncated":   {kinds["truncated"], float64(ledger.Truncated)},
		"left":        {kinds["cancelled"] + kinds["timeout"], float64(ledger.Cancelled)},
		"quota":       {kinds["quota"] + kinds["quota_minute"] + kinds["quota_day"], float64(ledger.Errors[429])},
		"unavailable": {kinds["unavailable"], float64(ledger.Errors[500] + ledger.Errors[503])},
	} {
		if pair[0] != pair[1] || pair[0] == 0 {
			t.Errorf("%s: %v by the script, %v in the ledger %+v", what, pair[0], pair[1], ledger)
		}
	}
}

// expected is what /metrics must say, by metric and by the label that is neither model nor endpoint, without zeros: all
// but the kinds of error is computed from what the stand-in booked.
func (s *stage) expected(t *testing.T, kinds map[string]float64) map[string]map[string]float64 {
	t.Helper()
	ledger := s.fake.Ledger()
	agree(t, kinds, ledger)
	var (
		estimated, begun   float64
		attempts, finishes = map[string]float64{}, map[string]float64{}
		prompt, completion = ledger.PromptTokens, ledger.CompletionTokens
	)
	for _, c := range s.booked {
		code := strconv.Itoa(c.Code)
		if c.Code == 0 {
			code = "error"
		}
		attempts[code]++
		if c.Finish != "" {
			finishes[map[string]string{"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "blocked"}[c.Finish]]++
		}
		if c.Text != "" {
			begun++
		}
		if !c.Reported && c.Text != "" {
			estimated++
			prompt += atLeast13Tenths(c.PromptWords)
			completion += atLeast13Tenths(len(strings.Fields(c.Text)))
		}
	}
	counted := float64(ledger.Reported) + estimated
	return map[string]map[string]float64{
		metric.ModelCalls.Name: {"success": float64(ledger.Answers), "error": float64(ledger.Requests - ledger.Answers)},
		metric.UsageRecords.Name: {
			"reported": float64(ledger.Reported), "estimated": estimated, "unknown": float64(ledger.Requests) - counted,
		},
		metric.TokensUsed.Name:   {"prompt": float64(prompt), "completion": float64(completion)},
		metric.TokenDetails.Name: {"cached": float64(ledger.CachedTokens), "thinking": float64(ledger.ThinkingTokens)},
		metric.Cost.Name: {
			"prompt":     (float64(prompt-ledger.CachedTokens)*0.1 + float64(ledger.CachedTokens)*0.025) / 1e6,
			"completion": float64(completion) * 0.4 / 1e6,
		},
		metric.CostLookups.Name:      {"priced": counted},
		metric.ModelErrors.Name:      kinds,
		metric.Errors.Name:           kinds,
		metric.UpstreamAttempts.Name: attempts,
		metric.FinishReasons.Name:    finishes,
		metric.ModelDuration.Name:    {"": float64(ledger.Requests)},
		metric.TimeToFirstToken.Name: {"": begun},
		metric.RequestsInFlight.Name: {},
	}
}

// atLeast13Tenths is 1.3 tokens a word, rounded up.
func atLeast13Tenths(words int) int { return (words*13 + 9) / 10 }

// parsePage reads what Prometheus would: counters and gauges by their labels but model and endpoint, histograms by
// their counts.
func parsePage(t *testing.T, page string) map[string]map[string]float64 {
	t.Helper()
	parser := expfmt.NewTextParser(prom.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]map[string]float64{}
	for name, f := range families {
		out[name] = map[string]float64{}
		for _, m := range f.GetMetric() {
			var key []string
			for _, pair := range m.GetLabel() {
				if n := pair.GetName(); n != "model" && n != "endpoint" {
					key = append(key, pair.GetValue())
				}
			}
			out[name][strings.Join(key, " ")] += m.GetCounter().GetValue() + m.GetGauge().GetValue() +
				float64(m.GetHistogram().GetSampleCount())
		}
	}
	return out
}

// goroutinesReturnTo waits for those that are ending, and fails if some never do.
func goroutinesReturnTo(t *testing.T, start int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > start; {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines, %d at the start:\n%s", runtime.NumGoroutine(), start, stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(5 * time.Millisecond)
	}
}
