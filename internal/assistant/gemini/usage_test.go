package gemini

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// piece is a chunk of an answer without its end.
func piece(text, usage string) string {
	return `{"candidates":[{"content":{"parts":[{"text":"` + text + `"}]}}],"usageMetadata":` + usage + `}`
}

func TestUsageIsTheLastOneKnown(t *testing.T) {
	const (
		early = `{"promptTokenCount":10,"candidatesTokenCount":2,"totalTokenCount":12}`
		late  = `{"promptTokenCount":10,"cachedContentTokenCount":4,"candidatesTokenCount":7,"thoughtsTokenCount":5,"totalTokenCount":22}`
	)
	firstUsage := assistant.Usage{PromptTokens: 10, CompletionTokens: 2, Source: assistant.UsageReported}
	lastUsage := assistant.Usage{PromptTokens: 10, CompletionTokens: 12, CachedTokens: 4, ThinkingTokens: 5, Source: assistant.UsageReported}
	prompt := assistant.Usage{PromptTokens: 10, Source: assistant.UsageReported}
	end := `{"candidates":[{"content":{"parts":[{"text":"c"}]},"finishReason":1}],"usageMetadata":` + late + `}`
	for _, tt := range []struct {
		name, body string
		text       string
		usage      assistant.Usage
		finish     assistant.Finish
		kind       assistant.Kind // of the error, if one is wanted
	}{
		{"complete", `[` + piece("a", early) + `,` + end + `]`, "ac", lastUsage, assistant.FinishStop, ""},
		{"cut between chunks", `[` + piece("a", early) + `,`, "a", firstUsage, "", assistant.KindTruncated},
		{"cut within a chunk", `[` + piece("a", early) + `,` + end[:40], "a", firstUsage, "", assistant.KindTruncated},
		{"no usage", chunk("a", 1), "a", assistant.Usage{}, assistant.FinishStop, ""},
		{"usage without numbers", `[` + piece("a", `{}`) + `,` + end[:40], "a", assistant.Usage{}, "", assistant.KindTruncated},
		{"negative numbers", `[` + piece("a", `{"promptTokenCount":-3,"candidatesTokenCount":-1,"totalTokenCount":-4}`), "a", assistant.Usage{}, "", assistant.KindTruncated},
		{"more cached than there are", `[` + piece("a", `{"promptTokenCount":10,"cachedContentTokenCount":90,"totalTokenCount":10}`), "a",
			assistant.Usage{PromptTokens: 10, CachedTokens: 10, Source: assistant.UsageReported}, "", assistant.KindTruncated},
		{"blocked prompt", `[{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata": {"promptTokenCount":10,"totalTokenCount":10}}]`,
			"", prompt, "", assistant.KindBlocked},
		{"blocked answer", `[` + piece("a", early) + `,{"candidates":[{"finishReason":"SAFETY"}],"usageMetadata":` + late + `}]`,
			"a", lastUsage, assistant.FinishBlocked, assistant.KindBlocked},
		{"blocked for a reason the library does not know", `[` + piece("a", early) + `,{"candidates":[{"finishReason":8}],"usageMetadata":` + late + `}]`,
			"a", lastUsage, assistant.FinishBlocked, assistant.KindBlocked},
		{"blocked without usage", `[{"promptFeedback":{"blockReason":"SAFETY"}}]`, "", assistant.Usage{}, "", assistant.KindBlocked},
		{"blocked after a text that looks like usage", `[` + piece(`\"usageMetadata\":{\"promptTokenCount\":99}`, early) + `,{"candidates":[{"finishReason":3}]}]`,
			`"usageMetadata":{"promptTokenCount":99}`, firstUsage, assistant.FinishBlocked, assistant.KindBlocked},
		{"length", strings.Replace(`[`+piece("a", early)+`,`+end+`]`, `"finishReason":1`, `"finishReason":2`, 1), "ac", lastUsage, assistant.FinishLength, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := against(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, tt.body) })
			answer, err := m.Generate(t.Context(), generate("hello"), nil)
			if want := (assistant.Answer{Text: tt.text, Usage: tt.usage, Finish: tt.finish}); !reflect.DeepEqual(answer, want) {
				t.Errorf("answer = %+v, want %+v", answer, want)
			}
			if (err != nil) != (tt.kind != "") || (err != nil && assistant.KindOf(err) != tt.kind) {
				t.Errorf("err = %v, want kind %q", err, tt.kind)
			}
		})
	}
}

// TestEveryAttemptIsTheOnlyOne also holds the libraries to one request for a call.
func TestEveryAttemptIsTheOnlyOne(t *testing.T) {
	type key struct{}
	var attempts []int
	client := func(endpoint string) *Client {
		c, err := New(t.Context(), Config{
			APIKey: testKey, Endpoint: endpoint, Silence: 5 * time.Second,
			OnAttempt: func(ctx context.Context, model string, status int) {
				if ctx.Value(key{}) != "call" || model != modelName {
					t.Error("the context or the model is not the call's")
				}
				attempts = append(attempts, status)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	statuses := []int{200, 429, 302, 503}
	next := 0
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(statuses[next])
		next++
		_, _ = io.WriteString(w, chunk("a", 1))
	}))
	defer srv.Close()
	ctx := context.WithValue(t.Context(), key{}, "call")
	c := client(srv.URL)
	for i := range statuses {
		if next = i; i%2 == 0 {
			_, _ = c.Model(modelName).Generate(ctx, generate("hello"), nil)
		} else { // the library would send this again after 503
			_, _ = c.Embedder(modelName).Embed(ctx, assistant.EmbeddingRequest{Texts: []string{"hello"}})
		}
	}
	_, _ = client("http://127.0.0.1:1").Model(modelName).Generate(ctx, generate("hello"), nil)
	if want := append(slices.Clone(statuses), 0); !slices.Equal(attempts, want) {
		t.Errorf("told of %v, want one attempt of each call: %v", attempts, want)
	}
}

func TestWhoTakesNoMoreKeepsWhatCame(t *testing.T) {
	cancelled := context.Canceled
	m := against(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `[`+piece("a", `{"promptTokenCount":10,"candidatesTokenCount":2,"totalTokenCount":12}`)+`,`+piece("b", `{}`))
	})
	answer, err := m.Generate(t.Context(), generate("hello"), func(assistant.Delta) error { return cancelled })
	if assistant.KindOf(err) != assistant.KindCancelled {
		t.Errorf("err = %v, want kind cancelled", err)
	}
	if answer.Text != "a" || answer.Usage.CompletionTokens != 2 {
		t.Errorf("answer = %+v, want the first chunk's", answer)
	}
}
