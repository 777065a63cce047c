package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"
	"github.com/openai/openai-go/v3/shared"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

func TestOpenAIsClientAsksForStructureAndSendsMedia(t *testing.T) {
	var called assistant.Request
	client := openAIClient(t, parts(&called), aliceKey)
	params := question("test-model")
	params.ReasoningEffort = openai.ReasoningEffortLow
	params.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: shared.ResponseFormatJSONSchemaJSONSchemaParam{
		Name: "town", Strict: openai.Bool(true), Schema: map[string]any{"type": "object"},
	}}
	params.Messages = []openai.ChatCompletionMessageParamUnion{openai.UserMessage([]openai.ChatCompletionContentPartUnionParam{
		openai.TextContentPart("Which town?"),
		openai.ImageContentPart(openai.ChatCompletionContentPartImageImageURLParam{URL: "data:image/png;base64,AAAA", Detail: "auto"}),
		openai.InputAudioContentPart(openai.ChatCompletionContentPartInputAudioInputAudioParam{Data: "AAAA", Format: "wav"}),
		openai.FileContentPart(openai.ChatCompletionContentPartFileFileParam{
			FileData: openai.String("data:application/pdf;base64,AAAA"), Filename: openai.String("map.pdf"),
		}),
	})}
	if _, err := client.Chat.Completions.New(t.Context(), params); err != nil {
		t.Fatal(err)
	}
	f := called.Format
	if !f.JSON || !f.Strict || f.Name != "town" || !json.Valid(f.Schema) || called.Options.Effort != assistant.EffortLow {
		t.Errorf("format = %+v, effort = %s", f, called.Options.Effort)
	}
	var types []string
	for _, p := range called.Messages[0].Parts[1:] {
		types = append(types, p.Media.Type)
	}
	if len(types) != 3 || types[0] != "image/png" || types[1] != "audio/wav" || types[2] != "application/pdf" {
		t.Errorf("media = %q", types)
	}
}

func TestOpenAIsClientEmbeds(t *testing.T) {
	srv := httptest.NewServer(embedding(t, lengths{}).Handler())
	defer srv.Close()
	client := openai.NewClient(option.WithBaseURL(srv.URL+"/v1/"), option.WithAPIKey("x"))
	got, err := client.Embeddings.New(t.Context(), openai.EmbeddingNewParams{
		Model: "test-embedder", Dimensions: openai.Int(2), Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: []string{"abc", "a"}},
	})
	if err != nil || len(got.Data) != 2 || got.Data[0].Embedding[0] != 3 || got.Data[1].Index != 1 || got.Usage.TotalTokens != 7 {
		t.Errorf("embeddings = %+v, %v", got, err)
	}
}

// TestOpenAIsClientRetriesWhatMayPass: each failure with the client's own number of retries, one.
func TestOpenAIsClientRetriesWhatMayPass(t *testing.T) {
	t.Parallel()
	for _, kind := range assistant.ModelKinds() {
		if modelFailures[kind].retryAfter == quotaWait || kind == assistant.KindCancelled {
			continue // long to wait, or nobody there
		}
		want := int32(1)
		if modelFailures[kind].retryAfter > 0 {
			want = 2
		}
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			var calls atomic.Int32
			a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(func(context.Context, assistant.Request) (assistant.Answer, error) {
				calls.Add(1)
				return assistant.Answer{}, &assistant.Error{Kind: kind, Err: errors.New("scripted")}
			})}})
			srv := httptest.NewServer(a.Handler())
			defer srv.Close()
			client := openai.NewClient(option.WithBaseURL(srv.URL+"/v1"), option.WithAPIKey("x"), option.WithMaxRetries(1))
			_, err := client.Chat.Completions.New(t.Context(), question("test-model"))
			var failed *openai.Error
			if !errors.As(err, &failed) || failed.StatusCode != wantedFailures[kind].status || calls.Load() != want {
				t.Errorf("%d calls, want %d; error = %v", calls.Load(), want, err)
			}
		})
	}
}

func TestOpenAIsClientIsShownTheWay(t *testing.T) {
	a, _ := newAPI(t, echo)
	srv := httptest.NewServer(a.Handler())
	defer srv.Close()
	client := openai.NewClient(option.WithBaseURL(srv.URL), option.WithAPIKey("x"))
	_, err := client.Chat.Completions.New(t.Context(), question("test-model"))
	var failed *openai.Error
	if !errors.As(err, &failed) || failed.StatusCode != http.StatusNotFound || failed.Message != misplacedPaths["/chat/completions"] {
		t.Errorf("error = %v", err)
	}
}
