package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// fakeModel says its parts, and then returns what it has.
type fakeModel struct {
	parts  []string
	answer assistant.Answer
	err    error
}

func (fakeModel) Name() string { return model }

func (f fakeModel) Generate(_ context.Context, _ assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
	for _, part := range f.parts {
		f.answer.Text += part
		if err := emit(assistant.Delta{Text: part}); err != nil {
			return f.answer, &assistant.Error{Kind: assistant.KindCancelled, Err: err}
		}
	}
	return f.answer, f.err
}

func requestWith(text string) assistant.Request {
	return assistant.Request{Messages: []assistant.Message{assistant.NewText(assistant.RoleUser, text)}}
}

func TestInstrumentLogsLengthsAndTokens(t *testing.T) {
	for _, tt := range []struct {
		name string
		fake fakeModel
		want map[string]any // besides timestamp and duration
	}{
		{"success", fakeModel{answer: assistant.Answer{Text: "línea", Usage: assistant.Usage{
			PromptTokens: 4, CompletionTokens: 9, Source: assistant.UsageReported,
		}}},
			map[string]any{
				"level": "INFO", "message": "AI model call successful", "request_id": "r1", "model": model,
				"prompt_length": 3.0, "response_length": 5.0, "tokens": map[string]any{"prompt": 4.0, "completion": 9.0},
				"usage_source": "reported",
			}},
		{"failure", fakeModel{err: &assistant.Error{Kind: assistant.KindQuota, Err: errors.New("429")}},
			map[string]any{
				"level": "ERROR", "message": "AI model call failed", "request_id": "r1", "model": model,
				"error": "quota: 429", "error_type": "quota", "prompt_length": 3.0,
				"response_length": 0.0, "tokens": map[string]any{"prompt": 0.0, "completion": 0.0}, "usage_source": "unknown",
			}},
		{"cancelled", fakeModel{err: context.Canceled},
			map[string]any{
				"level": "WARNING", "message": "AI model call failed", "request_id": "r1", "model": model,
				"error": "context canceled", "error_type": "cancelled", "prompt_length": 3.0,
				"response_length": 0.0, "tokens": map[string]any{"prompt": 0.0, "completion": 0.0}, "usage_source": "unknown",
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			instrumented := Instrument(tt.fake, fresh(), logs.New(&out, slog.LevelInfo))
			answer, err := instrumented.Generate(logs.WithRequestID(t.Context(), "r1"),
				requestWith("été"), nil)
			if answer.Text != tt.fake.answer.Text || !errors.Is(err, tt.fake.err) {
				t.Errorf("Generate = %v, %v; want what the model returned", answer, err)
			}
			var line map[string]any
			if err := json.Unmarshal(out.Bytes(), &line); err != nil {
				t.Fatalf("want one line, got %q: %v", out.String(), err)
			}
			if _, ok := line["duration"].(float64); !ok {
				t.Errorf("duration = %v, want seconds", line["duration"])
			}
			delete(line, "duration")
			delete(line, "timestamp")
			if !reflect.DeepEqual(line, tt.want) {
				t.Errorf("line = %v\nwant   %v", line, tt.want)
			}
		})
	}
}

func TestInstrumentPassesTheTextOn(t *testing.T) {
	r := fresh()
	instrumented := Instrument(fakeModel{parts: []string{"one ", "two ", "three"}}, r, slog.New(slog.DiscardHandler))
	var received []string
	answer, err := instrumented.Generate(t.Context(), requestWith("how deep"), func(d assistant.Delta) error {
		if got := testutil.ToFloat64(r.model.inFlight.WithLabelValues(model)); got != 1 {
			t.Errorf("%v calls in flight, want this one", got)
		}
		received = append(received, d.Text)
		return nil
	})
	if err != nil || len(received) != 3 || answer.Text != "one two three" {
		t.Errorf("heard %q of %q, %v", received, answer.Text, err)
	}
	if want := (assistant.Usage{PromptTokens: 3, CompletionTokens: 4, Source: assistant.UsageEstimated}); answer.Usage != want {
		t.Errorf("usage = %+v, want the estimate %+v", answer.Usage, want)
	}
	errGone := errors.New("gone")
	if _, err := instrumented.Generate(t.Context(), requestWith("x"), func(assistant.Delta) error { return errGone }); !errors.Is(err, errGone) {
		t.Errorf("err = %v, want emit's", err)
	}
	if got := histogramOf(t, r, metric.TimeToFirstToken).GetSampleCount(); got != 2 {
		t.Errorf("%d first tokens, want those of both calls", got)
	}
	if got := histogramOf(t, r, metric.TimePerOutputToken).GetSampleCount(); got != 1 {
		t.Errorf("%d times per token, want that of the complete answer", got)
	}
}

func TestAPanicLeavesNothingInFlight(t *testing.T) {
	r := fresh()
	instrumented := Instrument(fakeModel{parts: []string{"one"}}, r, slog.New(slog.DiscardHandler))
	func() {
		defer func() { _ = recover() }()
		_, _ = instrumented.Generate(t.Context(), requestWith("x"), func(assistant.Delta) error { panic("broken handler") })
	}()
	if got := testutil.ToFloat64(r.model.inFlight.WithLabelValues(model)); got != 0 {
		t.Errorf("%v calls in flight after a panic", got)
	}
}
