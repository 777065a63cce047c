package httpapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

func TestMisplacedRequestsAreShownTheWay(t *testing.T) {
	a, _ := newAPI(t, echo)
	for _, tt := range []struct{ method, path, way, endpoint string }{
		{"POST", "/v1/responses", "/v1/chat/completions", "other"},
		{"POST", "/v1/completions/", "/v1/chat/completions", "other"},
		{"POST", "/chat/completions", "must end in /v1", "/chat/{session_id}"},
		{"POST", "/embeddings", "must end in /v1", "other"},
		{"GET", "/models", "must end in /v1", "other"},
	} {
		w := do(a, tt.method, tt.path, hello)
		if got := decode[openAIErrorBody](t, w.Body).Error; w.Code != 404 || got.Code != "not_found" || !strings.Contains(got.Message, tt.way) {
			t.Errorf("%s %s = %d %+v", tt.method, tt.path, w.Code, got)
		}
		if !strings.Contains(metrics(a), `http_requests_total{endpoint="`+tt.endpoint+`",method="`+tt.method+`",status="404"}`) {
			t.Errorf("%s %s is not counted at %s", tt.method, tt.path, tt.endpoint)
		}
	}
}

func TestASlashTooManyMakesNoDifference(t *testing.T) {
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(echo)}, Embedders: []assistant.Embedder{lengths{}}})
	for _, tt := range []struct{ method, path, body, endpoint string }{
		{"POST", "/chat/", `{"message":"x"}`, chatPath},
		{"POST", "/v1/chat/completions/", hello, completionsPath},
		{"POST", "/v1/embeddings/", `{"model":"test-embedder","input":"a"}`, embeddingsPath},
		{"GET", "/v1/models/", "", modelsPath},
		{"GET", "/v1/models/test-model/", "", modelPath},
		{"GET", "/health/ready/", "", "/health/ready"},
	} {
		if w := do(a, tt.method, tt.path, tt.body); w.Code != 200 {
			t.Errorf("%s %s = %d %s", tt.method, tt.path, w.Code, w.Body)
		}
		wantSample(t, metrics(a), `http_requests_total{endpoint="`+tt.endpoint+`",method="`+tt.method+`",status="200"} 1`)
	}
}

func TestOnlyJSONIsRead(t *testing.T) {
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(echo)}, Embedders: []assistant.Embedder{lengths{}}})
	bodies := map[string]string{
		chatPath: `{"message":"x"}`, completionsPath: hello, embeddingsPath: `{"model":"test-embedder","input":"a"}`,
	}
	for contentType, want := range map[string]int{
		"": 200, "application/json": 200, "Application/JSON; charset=utf-8": 200, "application/vnd.api+json": 200,
		"text/plain": 415, "application/x-www-form-urlencoded": 415, "multipart/form-data; boundary=x": 415, "application/jsonl": 415, ";": 415,
	} {
		for path, body := range bodies {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(body))
			r.Header.Set("Content-Type", contentType)
			w := httptest.NewRecorder()
			a.Handler().ServeHTTP(w, r)
			if w.Code != want || want == 415 && !strings.Contains(w.Body.String(), "application/json") {
				t.Errorf("%s of %q = %d %s, want %d", path, contentType, w.Code, w.Body, want)
			}
		}
	}
	wantSample(t, metrics(a), `errors_total{endpoint="/v1/embeddings",error_type="invalid"} 5`)
}
