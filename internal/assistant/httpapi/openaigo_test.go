package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/packages/ssestream"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// openAIClient is OpenAI's own client, before an API whose model is m.
func openAIClient(t *testing.T, m assistant.Model, key string) openai.Client {
	t.Helper()
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{m}, Keys: clientKeys(t)})
	srv := httptest.NewServer(a.Handler())
	t.Cleanup(srv.Close)
	return openai.NewClient(option.WithBaseURL(srv.URL+"/v1"), option.WithAPIKey(key), option.WithMaxRetries(0))
}

func question(model string) openai.ChatCompletionNewParams {
	return openai.ChatCompletionNewParams{
		Model:       model,
		Messages:    []openai.ChatCompletionMessageParamUnion{openai.SystemMessage("Be brief."), openai.UserMessage("hi")},
		Temperature: openai.Float(0.2),
		MaxTokens:   openai.Int(50),
		Stop:        openai.ChatCompletionNewParamsStopUnion{OfString: openai.String("END")},
		User:        openai.String("somebody"),
		Seed:        openai.Int(1),
	}
}

func TestOpenAIsClientCompletesAChat(t *testing.T) {
	var called assistant.Request
	client := openAIClient(t, parts(&called), aliceKey)
	got, err := client.Chat.Completions.New(t.Context(), question("test-model"))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Choices) != 1 || got.Choices[0].Message.Content != "Hello, world" || got.Choices[0].FinishReason != "length" {
		t.Errorf("choices = %+v", got.Choices)
	}
	if got.Usage.PromptTokens != 7 || got.Usage.TotalTokens != 10 || got.Usage.PromptTokensDetails.CachedTokens != 2 {
		t.Errorf("usage = %+v", got.Usage)
	}
	if called.System != "Be brief." || called.Prompt() != "hi" || *called.Options.MaxTokens != 50 || *called.Options.Temperature != 0.2 || len(called.Options.Stop) != 1 {
		t.Errorf("asked %+v", called)
	}
}

func TestOpenAIsClientCompletesAStreamedChat(t *testing.T) {
	client := openAIClient(t, parts(nil), aliceKey)
	params := question("test-model")
	params.StreamOptions = openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)}
	stream := client.Chat.Completions.NewStreaming(t.Context(), params)
	defer stream.Close()
	var completion openai.ChatCompletionAccumulator
	for stream.Next() {
		if !completion.AddChunk(stream.Current()) {
			t.Errorf("a chunk does not belong to the others: %s", stream.Current().RawJSON())
		}
	}
	if err := stream.Err(); err != nil {
		t.Fatal(err)
	}
	if len(completion.Choices) != 1 || completion.Choices[0].Message.Content != "Hello, world" || completion.Choices[0].FinishReason != "length" {
		t.Errorf("choices = %+v", completion.Choices)
	}
	if completion.Usage.PromptTokens != 7 || completion.Usage.CompletionTokens != 3 || completion.Usage.TotalTokens != 10 {
		t.Errorf("usage = %+v", completion.Usage)
	}
}

func TestOpenAIsClientReadsErrors(t *testing.T) {
	quota := generate(func(context.Context, assistant.Request) (assistant.Answer, error) {
		return assistant.Answer{}, &assistant.Error{Kind: assistant.KindQuota, Err: errors.New("429")}
	})
	daily := generate(func(context.Context, assistant.Request) (assistant.Answer, error) {
		return assistant.Answer{}, &assistant.Error{Kind: assistant.KindQuotaDay, Err: errors.New("429")}
	})
	n := question("test-model")
	n.N = openai.Int(2)
	for _, tt := range []struct {
		name, key string
		model     assistant.Model
		params    openai.ChatCompletionNewParams
		status    int
		code      string
		param     string
	}{
		{"wrong key", "wrong", parts(nil), question("test-model"), 401, "invalid_api_key", ""},
		{"unknown model", aliceKey, parts(nil), question("gpt-4"), 404, "model_not_found", "model"},
		{"unsupported", aliceKey, parts(nil), n, 400, "unsupported_parameter", "n"},
		{"quota", aliceKey, quota, question("test-model"), 429, "rate_limit_exceeded", ""},
		{"quota of the day", aliceKey, daily, question("test-model"), 402, "insufficient_quota", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client := openAIClient(t, tt.model, tt.key)
			_, err := client.Chat.Completions.New(t.Context(), tt.params)
			stream := client.Chat.Completions.NewStreaming(t.Context(), tt.params)
			defer stream.Close()
			if stream.Next() {
				t.Error("a chunk came")
			}
			for _, err := range []error{err, stream.Err()} {
				var got *openai.Error
				if !errors.As(err, &got) || got.StatusCode != tt.status || got.Code != tt.code || got.Param != tt.param || got.Message == "" {
					t.Errorf("error = %#v, want %d %s", got, tt.status, tt.code)
				}
			}
		})
	}
}

func TestOpenAIsClientReadsAnErrorInAStream(t *testing.T) {
	client := openAIClient(t, breaking(assistant.KindUnavailable), aliceKey)
	stream := client.Chat.Completions.NewStreaming(t.Context(), question("test-model"))
	defer stream.Close()
	text := ""
	for stream.Next() {
		for _, c := range stream.Current().Choices {
			text += c.Delta.Content
		}
	}
	var got *ssestream.StreamError
	if !errors.As(stream.Err(), &got) || text != "Half" {
		t.Errorf("text = %q, error = %v; want what came, and the error", text, stream.Err())
	}
}

func TestOpenAIsClientListsModels(t *testing.T) {
	client := openAIClient(t, parts(nil), aliceKey)
	list, err := client.Models.List(t.Context())
	if err != nil || len(list.Data) != 1 || list.Data[0].ID != "test-model" {
		t.Errorf("models = %+v, %v", list, err)
	}
	if m, err := client.Models.Get(t.Context(), "test-model"); err != nil || m.ID != "test-model" {
		t.Errorf("model = %+v, %v", m, err)
	}
	_, err = client.Models.Get(t.Context(), "gpt-4")
	var got *openai.Error
	if !errors.As(err, &got) || got.StatusCode != http.StatusNotFound || got.Code != "model_not_found" {
		t.Errorf("error = %v", err)
	}
}
