package openai

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

func TestLookup(t *testing.T) {
	noRoute := reply{status: 404, body: `{"detail":"Not Found"}`}
	list := func(ids string) reply { return reply{body: `{"object":"list","data":[` + ids + `]}`} }
	for name, tt := range map[string]struct {
		model   string
		replies []reply
		kind    assistant.Kind
	}{
		"OpenAI's model":        {"m", []reply{{body: `{"id":"m","object":"model"}`}}, ""},
		"no model of OpenAI":    {"m", []reply{{status: 404, body: `{"error":{"code":"model_not_found","message":"canary"}}`}}, assistant.KindNotFound},
		"vLLM's model":          {"org/m", []reply{noRoute, list(`{"id":"x"},{"id":"org/m"}`)}, ""},
		"no model of vLLM":      {"m", []reply{noRoute, list(`{"id":"x"}`)}, assistant.KindNotFound},
		"Ollama's model":        {"m", []reply{noRoute, list(`{"id":"m:latest"}`)}, ""},
		"LiteLLM's provider":    {"openai/m", []reply{noRoute, list(`{"id":"openai/*"}`)}, ""},
		"another provider":      {"google/m", []reply{noRoute, list(`{"id":"openai/*"}`)}, assistant.KindNotFound},
		"not allowed":           {"m", []reply{{status: 405}, list(`{"id":"m"}`)}, ""},
		"an empty list":         {"m", []reply{noRoute, list(``)}, assistant.KindUnknown},
		"no list":               {"m", []reply{noRoute, {body: `null`, header: map[string]string{"Content-Type": "application/json"}}}, assistant.KindUnknown},
		"a wrong address":       {"m", []reply{noRoute}, assistant.KindUnknown},
		"a page":                {"m", []reply{{body: "<html>", header: map[string]string{"Content-Type": "text/html"}}}, assistant.KindUnknown},
		"a page of a list":      {"m", []reply{noRoute, {body: "<html>", header: map[string]string{"Content-Type": "text/html"}}}, assistant.KindUnknown},
		"a wrong key":           {"m", []reply{{status: 401, body: `{"error":{"code":"invalid_api_key"}}`}}, assistant.KindAuth},
		"a wrong key for lists": {"m", []reply{noRoute, {status: 401}}, assistant.KindAuth},
		"a failure":             {"m", []reply{{status: 503}}, assistant.KindUnavailable},
		"a failure of the list": {"m", []reply{noRoute, {status: 500}}, assistant.KindUnavailable},
		"silence":               {"m", []reply{{body: "{", end: "hang"}}, assistant.KindTimeout},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := serve(t, tt.replies...)
			err := newClient(t, Config{BaseURL: server.URL + "/v1", Silence: 200 * time.Millisecond}).Lookup(t.Context(), tt.model)
			if tt.kind == "" && err != nil || tt.kind != "" && assistant.KindOf(err) != tt.kind {
				t.Errorf("Lookup = %v, want kind %q", err, tt.kind)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error holds the server's message: %v", err)
			}
			paths := []string{"/v1/models/" + strings.ReplaceAll(tt.model, "/", "%2F"), "/v1/models"}
			for i, r := range server.requests {
				if r.RequestURI != paths[i] {
					t.Errorf("request %d is of %s, want %s", i, r.RequestURI, paths[i])
				}
			}
		})
	}
}

func TestEmbed(t *testing.T) {
	three := 3
	for name, tt := range map[string]struct {
		reply reply
		want  [][]float32
		usage int
		kind  assistant.Kind
	}{
		"in order":          {reply{body: `{"data":[{"index":0,"embedding":[0.5,1]},{"index":1,"embedding":[2]}],"usage":{"prompt_tokens":4,"total_tokens":4}}`}, [][]float32{{0.5, 1}, {2}}, 4, ""},
		"in disorder":       {reply{body: `{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}],"usage":{"total_tokens":4}}`}, [][]float32{{1}, {2}}, 4, ""},
		"no usage":          {reply{body: `{"data":[{"index":1,"embedding":[2]},{"index":0,"embedding":[1]}]}`}, [][]float32{{1}, {2}}, 0, ""},
		"too few":           {reply{body: `{"data":[{"index":0,"embedding":[1]}]}`}, nil, 0, assistant.KindUnknown},
		"one twice":         {reply{body: `{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}`}, nil, 0, assistant.KindUnknown},
		"an index too high": {reply{body: `{"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]}`}, nil, 0, assistant.KindUnknown},
		"no vector":         {reply{body: `{"data":[{"index":0,"embedding":[1]},{"index":1,"embedding":[]}]}`}, nil, 0, assistant.KindUnknown},
		"nothing":           {reply{body: `null`, header: map[string]string{"Content-Type": "application/json"}}, nil, 0, assistant.KindUnknown},
		"no JSON":           {reply{body: `{"data":` + canaryWords}, nil, 0, assistant.KindUnknown},
		"cut":               {reply{body: `{"data":[`, end: "cut"}, nil, 0, assistant.KindTruncated},
		"too long":          {reply{status: 400, body: `{"error":{"message":"This model's maximum context length is 8 tokens","code":400}}`}, nil, 0, assistant.KindContextLength},
	} {
		t.Run(name, func(t *testing.T) {
			server, tried := serve(t, tt.reply), &attempts{}
			e := newClient(t, Config{BaseURL: server.URL, OnAttempt: tried.add}).Embedder("m")
			got, err := e.Embed(t.Context(), assistant.EmbeddingRequest{Texts: []string{"a", canaryWords}, Dimensions: &three})
			if !reflect.DeepEqual(got.Vectors, tt.want) || got.Usage.PromptTokens != tt.usage {
				t.Errorf("Embed = %+v", got)
			}
			if tt.kind == "" && err != nil || tt.kind != "" && assistant.KindOf(err) != tt.kind {
				t.Errorf("error = %v, want kind %q", err, tt.kind)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("the error is %v", err)
			}
			sameJSON(t, server.bodies[0], `{"model":"m","input":["a","`+canaryWords+`"],"dimensions":3}`)
			if len(tried.statuses) != 1 {
				t.Errorf("attempts = %v", tried.statuses)
			}
		})
	}
}
