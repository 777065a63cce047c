// Package accounting holds an assistant's metrics to what a stand-in for Gemini did: it adds up the calls that the stand-in
// ended, and says what /metrics must show of them.
package accounting

import (
	"strconv"
	"strings"
	"sync"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Prices are what a price file must say of the model for Metrics to hold, in dollars per million tokens.
const Prices = "{prompt: 0.1, completion: 0.4, cached: 0.025}"

// Totals are the calls that have ended. The zero value is empty; it is safe for concurrent use.
type Totals struct {
	mu                            sync.Mutex
	estimated, started            float64
	promptEstimate, replyEstimate int
	attempts, finishes            map[string]float64
}

// Add books a call: it is what a stand-in's Config.Ended calls.
func (b *Totals) Add(c server.Call) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.attempts == nil {
		b.attempts, b.finishes = map[string]float64{}, map[string]float64{}
	}
	code := strconv.Itoa(c.Code)
	if c.Code == 0 {
		code = "error"
	}
	b.attempts[code]++
	switch {
	case c.Finish == "STOP" && c.ToolCalls > 0:
		b.finishes["tool_calls"]++
	case c.Finish != "":
		b.finishes[map[string]string{"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "blocked"}[c.Finish]]++
	}
	if c.Text == "" && c.ToolCalls == 0 {
		return
	}
	b.started++
	if !c.Reported {
		b.estimated++
		b.promptEstimate += Estimate(c.PromptWords)
		b.replyEstimate += Estimate(len(strings.Fields(c.Text)) + c.ToolWords)
	}
}

// Metrics is what /metrics must say of the model's calls, by metric and by the label that is not the model, without
// zeros. The ledger is that of the stand-in. Kinds of error are not among it: they are the assistant's own words.
func (b *Totals) Metrics(l server.Ledger) map[string]map[string]float64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	prompt, completion := l.PromptTokens+b.promptEstimate, l.CompletionTokens+b.replyEstimate
	counted := float64(l.Reported) + b.estimated
	return map[string]map[string]float64{
		metric.ModelCalls.Name: {metric.StatusSuccess: float64(l.Answers), metric.StatusError: float64(l.Requests - l.Answers)},
		metric.UsageRecords.Name: {
			"reported": float64(l.Reported), "estimated": b.estimated, "unknown": float64(l.Requests) - counted,
		},
		metric.TokensUsed.Name: {metric.TokenPrompt: float64(prompt), metric.TokenCompletion: float64(completion)},
		metric.TokenDetails.Name: {
			metric.TokenCached: float64(l.CachedTokens), metric.TokenThinking: float64(l.ThinkingTokens),
		},
		metric.Cost.Name: {
			metric.TokenPrompt:     (float64(prompt-l.CachedTokens)*0.1 + float64(l.CachedTokens)*0.025) / 1e6,
			metric.TokenCompletion: float64(completion) * 0.4 / 1e6,
		},
		metric.CostLookups.Name:      {metric.LookupPriced: counted},
		metric.UpstreamAttempts.Name: b.attempts,
		metric.FinishReasons.Name:    b.finishes,
		metric.ModelDuration.Name:    {"": float64(l.Requests)},
		metric.TimeToFirstToken.Name: {"": b.started},
		metric.RequestsInFlight.Name: {},
	}
}

// Estimate is the tokens of so many words where the vendor counted none: 1.3 a word, rounded up.
func Estimate(words int) int { return (words*13 + 9) / 10 }
