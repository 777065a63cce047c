package telemetry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// values are a family's counters and gauges by the values of their labels, in the order of the contract.
func values(t *testing.T, r *Recorder, m metric.Metric) map[string]float64 {
	t.Helper()
	out := map[string]float64{}
	for _, s := range gatherFamilies(t, r)[m.Name].GetMetric() {
		labels := map[string]string{}
		for _, values := range s.GetLabel() {
			labels[values.GetName()] = values.GetValue()
		}
		key := make([]string, len(m.Labels))
		for i, name := range m.Labels {
			key[i] = labels[name]
		}
		out[strings.Join(key, " ")] = s.GetCounter().GetValue() + s.GetGauge().GetValue()
	}
	return out
}

// raised are those that are not zero.
func raised(t *testing.T, r *Recorder, m metric.Metric) map[string]float64 {
	t.Helper()
	out := values(t, r, m)
	maps.DeleteFunc(out, func(_ string, v float64) bool { return v == 0 })
	return out
}

func histogramOf(t *testing.T, r *Recorder, m metric.Metric) *dto.Histogram {
	t.Helper()
	for _, s := range gatherFamilies(t, r)[m.Name].GetMetric() {
		if s.GetLabel()[0].GetValue() == model {
			return s.GetHistogram()
		}
	}
	t.Fatalf("%s has no series of %s", m.Name, model)
	return nil
}

func failure(k assistant.Kind) error { return &assistant.Error{Kind: k, Err: errors.New("failed")} }

func TestModelCalls(t *testing.T) {
	r, ctx := fresh(), t.Context()
	reported := assistant.Usage{
		PromptTokens: 700, CompletionTokens: 300, CachedTokens: 500, ThinkingTokens: 100, Source: assistant.UsageReported,
	}
	estimated := assistant.Usage{PromptTokens: 10, CompletionTokens: 20, Source: assistant.UsageEstimated}
	unknown := assistant.Usage{Source: assistant.UsageUnknown}
	for _, c := range []Call{
		{Model: model, Usage: reported, Finish: assistant.FinishStop},
		{Model: model, Usage: estimated, Finish: assistant.FinishLength},
		{Model: model, Usage: reported, Err: failure(assistant.KindTruncated)},
		{Model: model, Usage: unknown, Err: failure(assistant.KindQuotaDay)},
		{Model: model, Usage: reported, Err: failure(assistant.KindBlocked), Finish: assistant.FinishBlocked},
		{Model: unpriced, Usage: estimated, Finish: assistant.FinishStop},
		{Model: "made up by a client", Usage: estimated, Finish: assistant.FinishStop},
	} {
		c.Elapsed = time.Second
		r.ModelCall(ctx, c)
	}
	m, u := model+" ", unpriced+" "
	for _, tt := range []struct {
		metric metric.Metric
		want   map[string]float64
	}{
		{metric.ModelCalls, map[string]float64{m + "success": 2, m + "error": 3, u + "success": 1, "other success": 1}},
		{metric.UsageRecords, map[string]float64{m + "reported": 3, m + "estimated": 1, m + "unknown": 1, u + "estimated": 1, "other estimated": 1}},
		{metric.ModelErrors, map[string]float64{m + "truncated": 1, m + "quota_day": 1, m + "blocked": 1}},
		{metric.Errors, map[string]float64{"truncated ai_model": 1, "quota_day ai_model": 1, "blocked ai_model": 1}},
		{metric.FinishReasons, map[string]float64{m + "stop": 1, m + "length": 1, m + "blocked": 1, u + "stop": 1, "other stop": 1}},
		{metric.TokensUsed, map[string]float64{
			m + "prompt": 2110, m + "completion": 920, u + "prompt": 10, u + "completion": 20, "other prompt": 10, "other completion": 20,
		}},
		{metric.TokenDetails, map[string]float64{m + "cached": 1500, m + "thinking": 300}},
		{metric.CostLookups, map[string]float64{m + "priced": 4, u + "unpriced": 1, "other unpriced": 1}},
		{metric.Cost, map[string]float64{m + "prompt": (610*0.1 + 1500*0.025) / 1e6, m + "completion": 920 * 0.4 / 1e6}},
	} {
		if got := raised(t, r, tt.metric); !maps.Equal(got, tt.want) {
			t.Errorf("%s = %v\nwant %v", tt.metric.Name, got, tt.want)
		}
	}
	if got := histogramOf(t, r, metric.ModelDuration).GetSampleCount(); got != 5 {
		t.Errorf("%d durations, want 5: a failed call takes time too", got)
	}
}

func TestAModelWithoutAPriceIsNotFree(t *testing.T) {
	r := fresh()
	want := []string{model + " completion", model + " prompt"}
	if got := slices.Sorted(maps.Keys(values(t, r, metric.Cost))); !slices.Equal(got, want) {
		t.Errorf("costs = %v, want only those of the model that has a price", got)
	}
}

func TestEverySeriesOfAModelBeginsAtZero(t *testing.T) {
	r := fresh()
	for m, want := range map[string]int{
		metric.ModelErrors.Name: len(assistant.ModelKinds()), metric.UpstreamAttempts.Name: len(metric.AttemptCodes()),
		metric.FinishReasons.Name: len(assistant.Finishes()), metric.TokenDetails.Name: 2, metric.CostLookups.Name: 2, metric.UsageRecords.Name: 3,
		metric.RequestsInFlight.Name: 1, metric.TimeToFirstToken.Name: 1, metric.TimePerOutputToken.Name: 1,
	} {
		if got := len(gatherFamilies(t, r)[m].GetMetric()); got != 2*want { // two models
			t.Errorf("%s has %d series, want %d of each model", m, got, want)
		}
	}
}

func TestAttemptsAreAClosedSet(t *testing.T) {
	r := fresh()
	before := len(values(t, r, metric.UpstreamAttempts))
	for status := range 1000 {
		r.Attempt(t.Context(), model, status)
	}
	got := values(t, r, metric.UpstreamAttempts)
	if len(got) != before || got[model+" error"] != 1 || got[model+" 503"] != 1 || got[model+" other"] != 985 {
		t.Errorf("attempts = %v, %d series at first", got, before)
	}
}

func TestTokenTimes(t *testing.T) {
	usage := assistant.Usage{CompletionTokens: 41, ThinkingTokens: 20, Source: assistant.UsageReported}
	complete := Call{Model: model, FirstText: time.Second, LastText: 3 * time.Second, Elapsed: 4 * time.Second, Parts: 5, Usage: usage}
	change := func(f func(*Call)) Call {
		c := complete
		f(&c)
		return c
	}
	for _, tt := range []struct {
		name            string
		call            Call
		first, perToken float64 // sums in seconds; 0: not observed
	}{
		{"complete", complete, 1, 0.1},
		{"broken off", change(func(c *Call) { c.Err = failure(assistant.KindTruncated) }), 1, 0},
		{"in one piece", change(func(c *Call) { c.Parts = 1 }), 1, 0},
		{"one token", change(func(c *Call) { c.Usage.CompletionTokens = 21 }), 1, 0},
		{"nothing said", change(func(c *Call) { c.Parts = 0 }), 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := fresh()
			r.ModelCall(t.Context(), tt.call)
			if got := histogramOf(t, r, metric.TimeToFirstToken).GetSampleSum(); got != tt.first {
				t.Errorf("time to first token = %v, want %v", got, tt.first)
			}
			if got := histogramOf(t, r, metric.TimePerOutputToken).GetSampleSum(); got != tt.perToken {
				t.Errorf("time per token = %v, want %v", got, tt.perToken)
			}
		})
	}
}

func TestExemplarsCarryTheRequestID(t *testing.T) {
	call := Call{
		Model: model, Elapsed: 2 * time.Second, FirstText: time.Second, LastText: time.Second, Parts: 1,
		Finish: assistant.FinishStop, Usage: assistant.Usage{PromptTokens: 3, Source: assistant.UsageReported},
	}
	long := strings.Repeat("x", 119) // with the label's name one more than an exemplar may have
	for id, want := range map[string]bool{"r1": true, long[1:]: true, long: false, "": false, "\xff": false} {
		r := fresh()
		ctx := logs.WithRequestID(context.Background(), id)
		r.ModelCall(ctx, call)
		r.Attempt(ctx, model, 200)
		page := scrape(t, r, slog.New(slog.DiscardHandler), "application/openmetrics-text;version=1.0.0")
		for _, series := range []string{
			metric.ModelCalls.Name + `{model="` + model + `",status="success"} 1.0`,
			metric.TokensUsed.Name + `{model="` + model + `",type="prompt"} 3.0`,
			metric.UpstreamAttempts.Name + `{code="200",model="` + model + `"} 1.0`,
			metric.UsageRecords.Name + `{model="` + model + `",source="reported"} 1.0`,
			metric.ModelDuration.Bucket() + `{model="` + model + `",le="2.0"} 1`,
			metric.TimeToFirstToken.Bucket() + `{model="` + model + `",le="1.0"} 1`,
		} {
			line := fmt.Sprintf("%s # {request_id=%q}", series, id)
			if !strings.Contains(page, series) || strings.Contains(page, line) != want {
				t.Errorf("id of %d bytes: is %s there: want %v", len(id), line, want)
			}
		}
	}
}
