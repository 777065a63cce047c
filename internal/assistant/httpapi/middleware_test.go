package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

func TestRequestIDs(t *testing.T) {
	for _, tt := range []struct {
		name, sent string
		kept       bool
	}{
		{"none", "", false},
		{"good", "abc-123_X.y", true},
		{"too long", strings.Repeat("a", 129), false},
		{"forged line", "a\",\"level\":\"ERROR", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a, log := newAPI(t, echo)
			r := httptest.NewRequest("POST", "/chat", strings.NewReader(`{"message":"x"}`))
			r.Header.Set("X-Request-ID", tt.sent)
			w := httptest.NewRecorder()
			a.Handler().ServeHTTP(w, r)
			id := w.Header().Get("X-Request-ID")
			if (id == tt.sent) != tt.kept || id == "" {
				t.Errorf("sent %q, got %q", tt.sent, id)
			}
			lines := 0
			for line := range strings.Lines(log.String()) {
				var fields map[string]any
				if err := json.Unmarshal([]byte(line), &fields); err != nil || fields["request_id"] != id {
					t.Errorf("line without the request id: %s", line)
				}
				lines++
			}
			if lines != 2 {
				t.Errorf("%d log lines, want the model call's and the request's:\n%s", lines, log)
			}
		})
	}
}

func TestAPanicIsAnInternalError(t *testing.T) {
	a, log := newAPI(t, func(context.Context, assistant.Request) (assistant.Answer, error) { panic("boom") })
	w := do(a, "POST", "/chat", `{"message":"x"}`)
	got := decode[errorBody](t, w.Body)
	if w.Code != http.StatusInternalServerError || got.Error.Type != kindInternal {
		t.Errorf("answer = %d %+v", w.Code, got)
	}
	if !strings.Contains(log.String(), `"panic":"string"`) || !strings.Contains(log.String(), "postChat") {
		t.Errorf("the log lacks the panic's type or its stack:\n%s", log)
	}
	if strings.Contains(log.String(), "boom") {
		t.Errorf("the log tells the panic's value, which may be a user's text:\n%s", log)
	}
	page := metrics(a)
	wantSample(t, page, `http_requests_total{endpoint="/chat",method="POST",status="500"} 1`)
	wantSample(t, page, `errors_total{endpoint="/chat",error_type="internal"} 1`)
}

func TestAPanicOfTheRuntimeIsTold(t *testing.T) {
	a, log := newAPI(t, func(_ context.Context, r assistant.Request) (assistant.Answer, error) {
		outOfRange := len(r.Messages)
		return assistant.Answer{Text: r.Messages[outOfRange].Text()}, nil
	})
	do(a, "POST", "/chat", `{"message":"x"}`)
	if !strings.Contains(log.String(), "index out of range [1] with length 1") {
		t.Errorf("the log lacks the runtime's own words:\n%s", log)
	}
}

func TestAPanicAfterTheAnswerBeganBreaksTheConnection(t *testing.T) {
	a, _ := newAPI(t, echo)
	h := a.instrument(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("half an answer"))
		panic("boom")
	}))
	defer func() {
		v := recover()
		if err, ok := v.(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("recovered %v, want http.ErrAbortHandler", v)
		}
		wantSample(t, metrics(a), `http_requests_total{endpoint="other",method="GET",status="500"} 1`)
		wantSample(t, metrics(a), `errors_total{endpoint="other",error_type="internal"} 1`)
	}()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/", nil))
}

func TestTheRequestLine(t *testing.T) {
	a, log := newAPI(t, echo)
	do(a, "POST", "/chat", "not JSON")
	var line map[string]any
	if err := json.Unmarshal([]byte(log.String()), &line); err != nil {
		t.Fatalf("want one line: %v\n%s", err, log)
	}
	for field, want := range map[string]any{
		"level": "WARNING", "message": "Request failed", "method": "POST", "endpoint": "/chat", "status": 400.0, "error_type": "invalid",
	} {
		if line[field] != want {
			t.Errorf("%s = %v, want %v", field, line[field], want)
		}
	}
	if _, ok := line["duration"].(float64); !ok {
		t.Errorf("duration = %v, want seconds", line["duration"])
	}
}

func TestExemplarsNameTheRequest(t *testing.T) {
	a, _ := newAPI(t, echo)
	h := a.Handler()
	for _, r := range []*http.Request{
		httptest.NewRequest("POST", "/chat", strings.NewReader(`{"message":"x"}`)),
		httptest.NewRequest("GET", "/health", nil),
	} {
		r.Header.Set("X-Request-ID", "id-of-"+strings.Trim(r.URL.Path, "/"))
		h.ServeHTTP(httptest.NewRecorder(), r)
	}
	scrape := httptest.NewRequest("GET", "/metrics", nil)
	scrape.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, scrape)
	for _, name := range []string{"http_requests_total", "http_request_duration_seconds_bucket"} {
		line := regexp.MustCompile(`(?m)^` + name + `\{[^}]*endpoint="/chat"[^\n]*# \{request_id="id-of-chat"\}`)
		if !line.MatchString(w.Body.String()) {
			t.Errorf("no exemplar at %s", name)
		}
	}
	// A probe that succeeds has no log line for an exemplar to lead to.
	if strings.Contains(w.Body.String(), "id-of-health") {
		t.Error("a probe has an exemplar")
	}
}
