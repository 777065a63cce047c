package httpapi

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// lengths is an embedder whose vectors are the lengths of the texts, and 0.5.
type lengths struct {
	called *assistant.EmbeddingRequest
	err    error
}

func (lengths) Name() string { return "test-embedder" }
func (l lengths) Embed(_ context.Context, r assistant.EmbeddingRequest) (assistant.Embeddings, error) {
	if l.called != nil {
		*l.called = r
	}
	out := assistant.Embeddings{Usage: assistant.Usage{PromptTokens: 7}}
	for _, text := range r.Texts {
		out.Vectors = append(out.Vectors, []float32{float32(len(text)), 0.5})
	}
	return out, l.err
}

func embedding(t *testing.T, l lengths) *API {
	t.Helper()
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(echo)}, Embedders: []assistant.Embedder{l}})
	return a
}

func TestEmbeddingsAreOpenAIs(t *testing.T) {
	var called assistant.EmbeddingRequest
	a := embedding(t, lengths{called: &called})
	for _, tt := range []struct{ parameters, data string }{
		{`"input":"abc"`, `{"object":"embedding","index":0,"embedding":[3,0.5]}`},
		{`"input":["abc","a"],"encoding_format":"float","dimensions":2,"user":"u"`,
			`{"object":"embedding","index":0,"embedding":[3,0.5]},{"object":"embedding","index":1,"embedding":[1,0.5]}`},
		{`"input":["abc"],"encoding_format":"base64"`, `{"object":"embedding","index":0,"embedding":"AABAQAAAAD8="}`},
	} {
		w := do(a, "POST", embeddingsPath, `{"model":"test-embedder",`+tt.parameters+`}`)
		want := `{"object":"list","data":[` + tt.data + `],"model":"test-embedder","usage":{"prompt_tokens":7,"total_tokens":7}}`
		if w.Code != 200 || strings.TrimSpace(w.Body.String()) != want {
			t.Errorf("%s: %d %s\nwant %s", tt.parameters, w.Code, w.Body, want)
		}
	}
	do(a, "POST", embeddingsPath, `{"model":"test-embedder","input":["abc","a"],"dimensions":2}`)
	two := 2
	if want := (assistant.EmbeddingRequest{Texts: []string{"abc", "a"}, Dimensions: &two}); !reflect.DeepEqual(called, want) {
		t.Errorf("asked %+v, want %+v", called, want)
	}
	wantSample(t, metrics(a), `http_requests_total{endpoint="/v1/embeddings",method="POST",status="200"} 4`)
}

func TestBadEmbeddings(t *testing.T) {
	a := embedding(t, lengths{})
	for _, tt := range []struct {
		name, body  string
		status      int
		code, param string
		message     string
	}{
		{"empty", "", 400, "invalid", "", "input"},
		{"no model", `{"input":"a"}`, 400, "missing_required_parameter", "model", "/v1/models"},
		{"a chat model", `{"model":"test-model","input":"a"}`, 404, "model_not_found", "model", "/v1/models"},
		{"no input", `{"model":"test-embedder"}`, 400, "missing_required_parameter", "input", "string"},
		{"an empty text", `{"model":"test-embedder","input":""}`, 400, "invalid_value", "input", "empty"},
		{"no texts", `{"model":"test-embedder","input":[]}`, 400, "invalid_value", "input", "array"},
		{"too many", `{"model":"test-embedder","input":[` + strings.Repeat(`"a",`, 2048) + `"a"]}`, 400, "invalid_value", "input", "2048"},
		{"too long", `{"model":"test-embedder","input":"` + strings.Repeat("a", 200_001) + `"}`, 400, "context_length_exceeded", "input", "200000"},
		{"tokens", `{"model":"test-embedder","input":[1,2]}`, 400, "unsupported_parameter", "input", "text itself"},
		{"arrays of tokens", `{"model":"test-embedder","input":[[1,2],[3]]}`, 400, "unsupported_parameter", "input", "text itself"},
		{"objects", `{"model":"test-embedder","input":[{}]}`, 400, "invalid_type", "input", "array of strings"},
		{"another encoding", `{"model":"test-embedder","input":"a","encoding_format":"hex"}`, 400, "invalid_value", "encoding_format", "base64"},
		{"no dimensions", `{"model":"test-embedder","input":"a","dimensions":0}`, 400, "invalid_value", "dimensions", "1"},
		{"misspelt", `{"model":"test-embedder","inputs":"a"}`, 400, "unknown_parameter", "inputs", "misspelt"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := do(a, "POST", embeddingsPath, tt.body)
			got := decode[openAIErrorBody](t, w.Body).Error
			if got.Param == nil {
				got.Param = new(string)
			}
			if w.Code != tt.status || got.Code != tt.code || *got.Param != tt.param || !strings.Contains(got.Message, tt.message) {
				t.Errorf("answer = %d %s %q %s", w.Code, got.Code, *got.Param, got.Message)
			}
		})
	}
}

func TestFailedEmbeddings(t *testing.T) {
	a := embedding(t, lengths{err: &assistant.Error{Kind: assistant.KindUnavailable, Err: errors.New("down")}})
	if w := do(a, "POST", embeddingsPath, `{"model":"test-embedder","input":"a"}`); w.Code != 503 || w.Header().Get("Retry-After") != "1" {
		t.Errorf("answer = %d %v", w.Code, w.Header())
	}
	a, _ = newAPI(t, echo)
	w := do(a, "POST", embeddingsPath, `{"model":"test-model","input":"a"}`)
	if got := decode[openAIErrorBody](t, w.Body).Error; w.Code != 404 || !strings.Contains(got.Message, "No model for embeddings") {
		t.Errorf("without an embedder: %d %+v", w.Code, got)
	}
}

func TestEmbeddersAreListed(t *testing.T) {
	a := embedding(t, lengths{})
	list := decode[modelList](t, do(a, "GET", modelsPath, "").Body)
	if len(list.Data) != 2 || list.Data[1].ID != "test-embedder" {
		t.Errorf("models = %+v", list)
	}
	if got := decode[modelItem](t, do(a, "GET", modelsPath+"/test-embedder", "").Body); got != list.Data[1] {
		t.Errorf("model = %+v", got)
	}
	if w := do(a, "POST", completionsPath, strings.Replace(hello, "test-model", "test-embedder", 1)); w.Code != 404 {
		t.Errorf("a chat with an embedder = %d", w.Code)
	}
}
