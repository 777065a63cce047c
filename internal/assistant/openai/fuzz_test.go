package openai

import (
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// FuzzAnswer: whatever a server sends, the deltas are the answer, and an error has a kind and none of the server's words.
func FuzzAnswer(f *testing.F) {
	for _, tt := range answers {
		f.Add(tt.reply.body)
	}
	client, err := New(Config{Silence: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var text strings.Builder
		var calls []assistant.ToolCall
		a := answer{emit: func(d assistant.Delta) error {
			text.WriteString(d.Text)
			if c := d.ToolCall; c != nil {
				if c.Index == len(calls) && c.ID != "" && c.Name != "" {
					calls = append(calls, assistant.ToolCall{ID: c.ID, Name: c.Name})
				}
				calls[c.Index].Arguments += c.Arguments
			}
			return nil
		}}
		err := readEvents(&http.Response{Body: io.NopCloser(strings.NewReader(body))}, a.add)
		if err == nil {
			err = a.complete()
		}
		got := a.result()
		if text.String() != got.Text || !reflect.DeepEqual(calls, got.ToolCalls) {
			t.Errorf("deltas are %q and %+v, the answer %+v", text.String(), calls, got)
		}
		if got.Usage.CachedTokens > got.Usage.PromptTokens || got.Usage.ThinkingTokens > got.Usage.CompletionTokens || got.Usage.PromptTokens < 0 || got.Usage.CompletionTokens < 0 {
			t.Errorf("usage %+v", got.Usage)
		}
		failed := client.failure(t.Context(), &upstream.Call{Status: http.StatusOK}, &a, err)
		if failed == nil && got.Finish == "" {
			t.Error("an answer without an end is no failure")
		}
		if failed != nil && (!slices.Contains(assistant.ModelKinds(), failed.Kind) || strings.Contains(failed.Error(), "canary w")) {
			t.Errorf("error %v", failed)
		}
	})
}
