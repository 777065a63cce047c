package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// parts is a model that answers in two parts and reports what it was asked.
func parts(called *assistant.Request) streamer {
	return streamer{"test-model", func(_ context.Context, r assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
		if called != nil {
			*called = r
		}
		answer := assistant.Answer{
			Text: "Hello, world", Finish: assistant.FinishLength,
			Usage: assistant.Usage{PromptTokens: 7, CompletionTokens: 3, CachedTokens: 2, ThinkingTokens: 1},
		}
		if emit == nil {
			return answer, nil
		}
		for _, part := range []string{"Hello, ", "world"} {
			if err := emit(assistant.Delta{Text: part}); err != nil {
				return assistant.Answer{}, &assistant.Error{Kind: assistant.KindCancelled, Err: err}
			}
		}
		return answer, nil
	}}
}

const hello = `{"model":"test-model","messages":[{"role":"user","content":"hi"}]}`

// with is hello with more parameters, a JSON fragment.
func with(parameters string) string { return strings.TrimSuffix(hello, "}") + "," + parameters + "}" }

func complete(t *testing.T, m assistant.Model, body string) *httptest.ResponseRecorder {
	t.Helper()
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{m}})
	return do(a, "POST", "/v1/chat/completions", body)
}

func TestACompletionIsOpenAIs(t *testing.T) {
	w := complete(t, parts(nil), hello)
	var got map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != 200 {
		t.Fatalf("answer = %d %s", w.Code, w.Body)
	}
	if id, _ := got["id"].(string); !strings.HasPrefix(id, "chatcmpl-") || len(id) < 20 {
		t.Errorf("id = %v", got["id"])
	}
	if created, _ := got["created"].(float64); time.Since(time.Unix(int64(created), 0)) > time.Hour {
		t.Errorf("created = %v", got["created"])
	}
	delete(got, "id")
	delete(got, "created")
	want := map[string]any{
		"object": "chat.completion", "model": "test-model",
		"choices": []any{map[string]any{
			"index": 0.0, "message": map[string]any{"role": "assistant", "content": "Hello, world", "refusal": nil},
			"logprobs": nil, "finish_reason": "length",
		}},
		"usage": map[string]any{
			"prompt_tokens": 7.0, "completion_tokens": 3.0, "total_tokens": 10.0,
			"prompt_tokens_details":     map[string]any{"cached_tokens": 2.0},
			"completion_tokens_details": map[string]any{"reasoning_tokens": 1.0},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

func TestWhatAModelIsAsked(t *testing.T) {
	var called assistant.Request
	body := `{"model":"test-model","temperature":0.5,"top_p":1,"max_tokens":9,"stop":"END","user":"u","metadata":{"a":"b"},
		"n":1,"tools":[],"response_format":{"type": "text"},"tool_choice":null,"messages":[
		{"role":"system","content":"Be brief."},
		{"role":"user","content":[{"type":"text","text":"one "},{"type":"text","text":"two"}],"name":"x"},
		{"role":"assistant","content":"three","refusal":null,"tool_calls":[]},
		{"role":"assistant","content":null},
		{"role":"developer","content":"Be kind."},
		{"role":"user","content":"four"}]}`
	if w := complete(t, parts(&called), body); w.Code != 200 {
		t.Fatalf("answer = %d %s", w.Code, w.Body)
	}
	temperature, topP, tokens := 0.5, 1.0, 9
	want := assistant.Request{
		System: "Be brief.\n\nBe kind.",
		Messages: []assistant.Message{
			assistant.NewText(assistant.RoleUser, "one two"), assistant.NewText(assistant.RoleModel, "three"), assistant.NewText(assistant.RoleUser, "four"),
		},
		Options: assistant.Options{MaxTokens: &tokens, Temperature: &temperature, TopP: &topP, Stop: []string{"END"}},
	}
	if !reflect.DeepEqual(called, want) {
		t.Errorf("asked %+v\nwant  %+v", called, want)
	}
	complete(t, parts(&called), with(`"max_completion_tokens":5,"stop":["a","b"]`))
	if *called.Options.MaxTokens != 5 || len(called.Options.Stop) != 2 {
		t.Errorf("options = %+v", called.Options)
	}
}

func TestBadCompletions(t *testing.T) {
	messages := func(list string) string { return `{"model":"test-model","messages":[` + list + `]}` }
	for _, tt := range []struct {
		name, body  string
		status      int
		code, param string
	}{
		{"empty", "", 400, "invalid", ""},
		{"not JSON", "hello", 400, "invalid", ""},
		{"not an object", `[1]`, 400, "invalid", ""},
		{"too large", strings.Repeat(" ", testBody+1), 413, "too_large", ""},
		{"no model", `{"messages":[{"role":"user","content":"hi"}]}`, 400, "missing_required_parameter", "model"},
		{"unknown model", strings.Replace(hello, "test-model", "gpt-4", 1), 404, "model_not_found", "model"},
		{"no messages", `{"model":"test-model"}`, 400, "invalid_value", "messages"},
		{"messages of another kind", `{"model":"test-model","messages":"hi"}`, 400, "invalid_type", "messages"},
		{"no text", messages(`{"role":"user","content":""}`), 400, "invalid_value", "messages"},
		{"an unknown role", messages(`{"role":"robot","content":"a"}`), 400, "invalid_value", "messages[0].role"},
		{"nothing said", messages(`{"role":"assistant","content":null}`), 400, "invalid_value", "messages"},
		{"a number for text", messages(`{"role":"user","content":1}`), 400, "invalid_type", "messages[0].content"},
		{"too long", messages(`{"role":"user","content":"` + strings.Repeat("é", 101) + `"}`), 400, "context_length_exceeded", "messages"},
		{"too many", messages(strings.Repeat(`{"role":"user","content":"a"},`, 10) + `{"role":"user","content":"a"}`), 400, "context_length_exceeded", "messages"},
		{"several answers", with(`"n":2`), 400, "unsupported_parameter", "n"},
		{"log probabilities", with(`"logprobs":true`), 400, "unsupported_parameter", "logprobs"},
		{"misspelt", with(`"temprature":1`), 400, "unknown_parameter", "temprature"},
		{"no name", with(`"a b":1`), 400, "unknown_parameter", ""},
		{"hot", with(`"temperature":2.1`), 400, "invalid_value", "temperature"},
		{"a text for a number", with(`"temperature":"1"`), 400, "invalid_type", "temperature"},
		{"top_p", with(`"top_p":-1`), 400, "invalid_value", "top_p"},
		{"no tokens", with(`"max_tokens":0`), 400, "invalid_value", "max_completion_tokens"},
		{"half a token", with(`"max_tokens":1.5`), 400, "invalid_type", "max_tokens"},
		{"two limits", with(`"max_tokens":1,"max_completion_tokens":2`), 400, "invalid_value", "max_tokens"},
		{"many stops", with(`"stop":["a","b","c","d","e"]`), 400, "invalid_value", "stop"},
		{"an empty stop", with(`"stop":""`), 400, "invalid_value", "stop"},
		{"stop of another kind", with(`"stop":1`), 400, "invalid_type", "stop"},
		{"stream of another kind", with(`"stream":"yes"`), 400, "invalid_type", "stream"},
		{"stream options alone", with(`"stream_options":{"include_usage":true}`), 400, "invalid_value", "stream_options"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, log := newAPIWith(t, Config{
				Models: []assistant.Model{generate(func(context.Context, assistant.Request) (assistant.Answer, error) {
					t.Error("the model was asked")
					return assistant.Answer{}, nil
				})},
				Limits: Limits{BodyBytes: testBody, PromptCharacters: 100, HistoryMessages: 10},
			})
			w := do(a, "POST", "/v1/chat/completions", tt.body)
			got := decode[openAIErrorBody](t, w.Body).Error
			param := ""
			if got.Param != nil {
				param = *got.Param
			}
			if w.Code != tt.status || got.Code != tt.code || param != tt.param || got.Type != "invalid_request_error" || got.Message == "" {
				t.Errorf("answer = %d %+v, param %q; want %d %s, param %q", w.Code, got, param, tt.status, tt.code, tt.param)
			}
			if strings.Contains(log.String(), "temprature") {
				t.Errorf("a name of the client's was logged:\n%s", log)
			}
		})
	}
}

func TestFailuresOfOpenAIsRoutes(t *testing.T) {
	fails := func(kind assistant.Kind) assistant.Model {
		return generate(func(context.Context, assistant.Request) (assistant.Answer, error) {
			return assistant.Answer{}, &assistant.Error{Kind: kind, RetryAfter: 1500 * time.Millisecond, Err: errors.New("secret detail")}
		})
	}
	for kind, f := range modelFailures {
		for _, body := range []string{hello, with(`"stream":true`)} {
			a, _ := newAPIWith(t, Config{Models: []assistant.Model{fails(kind)}})
			w := do(a, "POST", "/v1/chat/completions", body)
			got := decode[openAIErrorBody](t, w.Body).Error
			if w.Code != f.status || got.Message == "" || got.Type == "" || got.Code == "" || strings.Contains(got.Message, "secret") {
				t.Errorf("%s: answer = %d %+v", kind, w.Code, got)
			}
			if w.Header().Get("Content-Type") != "application/json" {
				t.Errorf("%s: header = %v", kind, w.Header())
			}
			wantSample(t, metrics(a), `errors_total{endpoint="/v1/chat/completions",error_type="`+string(kind)+`"} 1`)
		}
	}
	boom := generate(func(context.Context, assistant.Request) (assistant.Answer, error) { panic("boom") })
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{boom}})
	for _, tt := range []struct {
		method, path, body string
		status             int
		kind, code         string
	}{
		{"POST", "/v1/chat/completions", hello, 500, "server_error", "internal"},
		{"GET", "/v1/chat/completions", "", 405, "invalid_request_error", "method_not_allowed"},
		{"DELETE", "/v1/models/test-model", "", 405, "invalid_request_error", "method_not_allowed"},
		{"POST", "/v1/other", "{}", 404, "invalid_request_error", "not_found"},
		{"GET", "/v1/models/gpt-4", "", 404, "invalid_request_error", "model_not_found"},
	} {
		w := do(a, tt.method, tt.path, tt.body)
		if got := decode[openAIErrorBody](t, w.Body).Error; w.Code != tt.status || got.Type != tt.kind || got.Code != tt.code {
			t.Errorf("%s %s = %d %+v, want %d %s %s", tt.method, tt.path, w.Code, got, tt.status, tt.kind, tt.code)
		}
	}
}

func TestAnAnswerThatTheFilterCutShort(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer assistant.Answer
		status int
	}{
		{"midway", assistant.Answer{Text: "Half"}, 200},
		{"at once", assistant.Answer{Finish: assistant.FinishBlocked}, 200},
		{"the prompt", assistant.Answer{}, 400},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(func(context.Context, assistant.Request) (assistant.Answer, error) {
				return tt.answer, &assistant.Error{Kind: assistant.KindBlocked, Err: errors.New("safety")}
			})}})
			w := do(a, "POST", "/v1/chat/completions", hello)
			if w.Code != tt.status {
				t.Fatalf("answer = %d %s, want %d", w.Code, w.Body, tt.status)
			}
			page := metrics(a)
			wantSample(t, page, `errors_total{endpoint="/v1/chat/completions",error_type="blocked"} 1`)
			wantSample(t, page, `http_requests_total{endpoint="/v1/chat/completions",method="POST",status="`+strconv.Itoa(tt.status)+`"} 1`)
			if tt.status != 200 {
				if got := decode[openAIErrorBody](t, w.Body).Error; got.Code != "content_filter" {
					t.Errorf("error = %+v", got)
				}
				return
			}
			got := decode[chatCompletion](t, w.Body).Choices[0]
			if got.FinishReason != "content_filter" || *got.Message.Content != tt.answer.Text {
				t.Errorf("choice = %+v", got)
			}
		})
	}
}

func TestTheFirstErrorOfEveryGuardedRouteCountsFromZero(t *testing.T) {
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(echo)}, Keys: clientKeys(t), Rate: Rate{PerSecond: 1}})
	page := metrics(a)
	for _, e := range []struct{ method, path string }{
		{"POST", "/chat"}, {"DELETE", "/chat/{session_id}"}, {"POST", "/v1/chat/completions"}, {"POST", "/v1/embeddings"}, {"GET", "/v1/models"}, {"GET", "/v1/models/{model}"},
	} {
		for kind, status := range map[string]string{"unauthorized": "401", "rate_limited": "429"} {
			wantSample(t, page, `errors_total{endpoint="`+e.path+`",error_type="`+kind+`"} 0`)
			wantSample(t, page, `http_requests_total{endpoint="`+e.path+`",method="`+e.method+`",status="`+status+`"} 0`)
		}
	}
}

func TestModels(t *testing.T) {
	tuned := streamer{name: "tunedModels/mine"}
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(echo), tuned}})
	list := decode[modelList](t, do(a, "GET", "/v1/models", "").Body)
	if list.Object != "list" || len(list.Data) != 2 || list.Data[0].ID != "test-model" || list.Data[1].ID != "tunedModels/mine" {
		t.Errorf("models = %+v", list)
	}
	for i, path := range []string{"/v1/models/test-model", "/v1/models/tunedModels%2Fmine"} {
		if got := decode[modelItem](t, do(a, http.MethodGet, path, "").Body); got != list.Data[i] || got.Object != "model" {
			t.Errorf("GET %s = %+v, want %+v", path, got, list.Data[i])
		}
	}
}
