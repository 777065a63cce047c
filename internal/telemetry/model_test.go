package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"reflect"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

type fakeModel struct {
	answer assistant.Answer
	err    error
}

func (fakeModel) Name() string { return model }
func (f fakeModel) Generate(context.Context, assistant.Request, func(string) error) (assistant.Answer, error) {
	return f.answer, f.err
}

func TestObserveLogsLengthsAndTokens(t *testing.T) {
	for _, tt := range []struct {
		name string
		fake fakeModel
		want map[string]any // beside timestamp and duration
	}{
		{"success", fakeModel{answer: assistant.Answer{Text: "línea", Usage: assistant.Usage{PromptTokens: 4, CompletionTokens: 9}}},
			map[string]any{
				"level": "INFO", "message": "AI model call successful", "request_id": "r1", "model": model,
				"prompt_length": 3.0, "response_length": 5.0, "tokens": map[string]any{"prompt": 4.0, "completion": 9.0},
			}},
		{"failure", fakeModel{err: &assistant.Error{Kind: assistant.KindQuota, Err: errors.New("429")}},
			map[string]any{
				"level": "ERROR", "message": "AI model call failed", "request_id": "r1", "model": model,
				"error": "quota: 429", "error_type": "quota", "prompt_length": 3.0,
			}},
		{"cancelled", fakeModel{err: context.Canceled},
			map[string]any{
				"level": "WARNING", "message": "AI model call failed", "request_id": "r1", "model": model,
				"error": "context canceled", "error_type": "cancelled", "prompt_length": 3.0,
			}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			observed := Observe(tt.fake, fresh(), logs.New(&out, slog.LevelInfo))
			answer, err := observed.Generate(logs.WithRequestID(t.Context(), "r1"),
				assistant.Request{Messages: []assistant.Message{{Role: assistant.RoleUser, Text: "été"}}}, nil)
			if answer != tt.fake.answer || !errors.Is(err, tt.fake.err) {
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
