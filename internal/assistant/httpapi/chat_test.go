package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

func TestAConversationIsRemembered(t *testing.T) {
	a, _ := newAPI(t, echo)
	firstReply := decode[chatResponse](t, do(a, "POST", "/chat", `{"message":"one"}`).Body)
	if firstReply.Reply != "[user one]" || firstReply.Model != "test-model" || firstReply.SessionID == "" {
		t.Errorf("first answer = %+v", firstReply)
	}
	if want := (chatUsage{PromptTokens: 1, CompletionTokens: 2}); firstReply.Usage != want {
		t.Errorf("usage = %+v, want %+v", firstReply.Usage, want)
	}
	second := decode[chatResponse](t, do(a, "POST", "/chat", `{"session_id":"`+firstReply.SessionID+`","message":"two"}`).Body)
	if want := "[user one, model [user one], user two]"; second.Reply != want || second.SessionID != firstReply.SessionID {
		t.Errorf("second answer = %+v, want %q in the same session", second, want)
	}
	other := decode[chatResponse](t, do(a, "POST", "/chat", `{"session_id":"my.own-id_1","message":"three"}`).Body)
	if other.Reply != "[user three]" || other.SessionID != "my.own-id_1" {
		t.Errorf("answer in a session of the client's choice = %+v", other)
	}
	wantSample(t, metrics(a), "active_sessions 2")
}

func TestAFailedCallIsNotRemembered(t *testing.T) {
	failing := true
	a, _ := newAPI(t, func(ctx context.Context, r assistant.Request) (assistant.Answer, error) {
		if failing {
			return assistant.Answer{}, &assistant.Error{Kind: assistant.KindQuota, Err: errors.New("429")}
		}
		return echo(ctx, r)
	})
	do(a, "POST", "/chat", `{"session_id":"s","message":"one"}`)
	wantSample(t, metrics(a), "active_sessions 0")
	failing = false
	got := decode[chatResponse](t, do(a, "POST", "/chat", `{"session_id":"s","message":"one"}`).Body)
	if got.Reply != "[user one]" {
		t.Errorf("the failed message was remembered: %s", got.Reply)
	}
}

func TestASessionCanBeDeleted(t *testing.T) {
	a, _ := newAPI(t, echo)
	do(a, "POST", "/chat", `{"session_id":"s","message":"one"}`)
	for _, tt := range []struct {
		path   string
		status int
		active string
	}{
		{"/chat/never-seen", 204, "1"}, {"/chat/s", 204, "0"}, {"/chat/s", 204, "0"}, {"/chat/a%20b", 400, "0"}, {"/chat/", 405, "0"},
	} {
		w := do(a, "DELETE", tt.path, "")
		if w.Code != tt.status || (w.Code == 204) != (w.Body.Len() == 0) {
			t.Errorf("DELETE %s = %d %s, want %d", tt.path, w.Code, w.Body, tt.status)
		}
		wantSample(t, metrics(a), "active_sessions "+tt.active)
	}
	got := decode[chatResponse](t, do(a, "POST", "/chat", `{"session_id":"s","message":"two"}`).Body)
	if got.Reply != "[user two]" {
		t.Errorf("a deleted session was remembered: %s", got.Reply)
	}
	wantSample(t, metrics(a), `http_requests_total{endpoint="/chat/{session_id}",method="DELETE",status="204"} 3`)
}

func TestOnlyTheNewestHistoryIsSent(t *testing.T) {
	a, _ := newAPIWith(t, Config{
		Models: []assistant.Model{generate(echo)}, Limits: Limits{BodyBytes: 1000, PromptCharacters: 100, HistoryMessages: 3},
	})
	for _, text := range []string{"one", "two", "three"} {
		do(a, "POST", "/chat", `{"session_id":"s","message":"`+text+`"}`)
	}
	got := decode[chatResponse](t, do(a, "POST", "/chat", `{"session_id":"s","message":"four"}`).Body)
	if !strings.HasPrefix(got.Reply, "[user three, model ") {
		t.Errorf("reply = %q, want one to the newest exchange and the question", got.Reply)
	}
}

// testBody is the largest body in tests, in bytes.
const testBody = 1000

func TestBadBodies(t *testing.T) {
	huge := `{"message":"` + strings.Repeat("x", testBody) + `"}`
	for _, tt := range []struct {
		name, body string
		status     int
		kind       string
	}{
		{"empty", "", 400, "invalid"},
		{"not JSON", "hello", 400, "invalid"},
		{"cut off", `{"message":"x`, 400, "invalid"},
		{"not an object", `["x"]`, 400, "invalid"},
		{"no message", `{}`, 400, "invalid"},
		{"blank message", `{"message":" \n"}`, 400, "invalid"},
		{"wrong type", `{"message":1}`, 400, "invalid"},
		{"misspelt field", `{"message":"x","sessionid":"s"}`, 400, "invalid"},
		{"two values", `{"message":"x"}{"message":"y"}`, 400, "invalid"},
		{"stray brace", `{"message":"x"}}`, 400, "invalid"},
		{"bad session id", `{"message":"x","session_id":"a b"}`, 400, "invalid"},
		{"too long", `{"message":"` + strings.Repeat("é", 101) + `"}`, 400, "too_large"},
		{"too large", huge, 413, "too_large"},
		{"too large after its end", `{"message":"x"}` + strings.Repeat(" ", testBody), 413, "too_large"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			model := generate(func(context.Context, assistant.Request) (assistant.Answer, error) {
				t.Error("the model was asked")
				return assistant.Answer{}, nil
			})
			a, _ := newAPIWith(t, Config{
				Models: []assistant.Model{model}, Limits: Limits{BodyBytes: testBody, PromptCharacters: 100, HistoryMessages: 10},
			})
			w := do(a, "POST", "/chat", tt.body)
			got := decode[errorBody](t, w.Body)
			if w.Code != tt.status || string(got.Error.Type) != tt.kind || got.Error.Message == "" {
				t.Errorf("answer = %d %+v, want %d %s", w.Code, got, tt.status, tt.kind)
			}
			wantSample(t, metrics(a), `errors_total{endpoint="/chat",error_type="`+tt.kind+`"} 1`)
		})
	}
}

func TestModelFailures(t *testing.T) {
	for kind, status := range map[assistant.Kind]int{
		assistant.KindQuota: 429, assistant.KindBlocked: 400, assistant.KindTimeout: 504,
		assistant.KindUnavailable: 503, assistant.KindNotFound: 404, assistant.KindInvalid: 400,
		assistant.KindCancelled: 499, assistant.KindAuth: 403, assistant.KindUnknown: 502,
	} {
		t.Run(string(kind), func(t *testing.T) {
			a, _ := newAPI(t, func(context.Context, assistant.Request) (assistant.Answer, error) {
				return assistant.Answer{}, &assistant.Error{Kind: kind, RetryAfter: 1500 * time.Millisecond, Err: errors.New("secret detail")}
			})
			w := do(a, "POST", "/chat", `{"message":"x"}`)
			if body := w.Body.String(); w.Code != status || !strings.Contains(body, `"type":"`+string(kind)+`"`) {
				t.Errorf("answer = %d %s, want %d %s", w.Code, body, status, kind)
			} else if strings.Contains(body, "secret detail") {
				t.Errorf("the cause went out: %s", body)
			}
			page := metrics(a)
			wantSample(t, page, `errors_total{endpoint="/chat",error_type="`+string(kind)+`"} 1`)
			wantSample(t, page, `errors_total{endpoint="ai_model",error_type="`+string(kind)+`"} 1`)
			wantSample(t, page, `ai_model_calls_total{model="test-model",status="error"} 1`)
			wantSample(t, page, `ai_model_duration_seconds_count{model="test-model"} 1`)
		})
	}
	if got, want := len(modelFailures), len(assistant.ModelKinds()); got != want {
		t.Errorf("%d kinds have a status, want all %d", got, want)
	}
}

func TestTheFirstErrorCountsFromZero(t *testing.T) {
	a, _ := newAPI(t, echo)
	page := metrics(a)
	for kind, f := range modelFailures {
		wantSample(t, page, `errors_total{endpoint="/chat",error_type="`+string(kind)+`"} 0`)
		wantSample(t, page, `http_requests_total{endpoint="/chat",method="POST",status="`+strconv.Itoa(f.status)+`"} 0`)
	}
	wantSample(t, page, `http_request_duration_seconds_count{endpoint="/chat",method="POST"} 0`)
}

// brokenStore is a session store that is down.
type brokenStore struct{ assistant.Store }

func (brokenStore) History(context.Context, string) ([]assistant.Message, error) {
	return nil, errors.New("store is down")
}

func TestABrokenStoreIsAnInternalError(t *testing.T) {
	a, log := newAPI(t, echo)
	a.sessions = brokenStore{a.sessions}
	w := do(a, "POST", "/chat", `{"message":"x"}`)
	if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "store is down") {
		t.Errorf("answer = %d %s, want 500 without the cause", w.Code, w.Body)
	}
	if !strings.Contains(log.String(), `"error":"loading the session: store is down"`) {
		t.Errorf("the log lacks the cause:\n%s", log)
	}
}

func TestAClientThatLeavesIsCancelled(t *testing.T) {
	called := make(chan struct{})
	a, _ := newAPI(t, func(ctx context.Context, _ assistant.Request) (assistant.Answer, error) {
		close(called)
		<-ctx.Done()
		return assistant.Answer{}, &assistant.Error{Kind: assistant.KindCancelled, Err: ctx.Err()}
	})
	srv := httptest.NewServer(a.Handler())
	defer srv.Close()
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-called; cancel() }()
	r, _ := http.NewRequestWithContext(ctx, "POST", srv.URL+"/chat", strings.NewReader(`{"message":"x"}`))
	if resp, err := http.DefaultClient.Do(r); err == nil {
		resp.Body.Close()
		t.Fatal("an answer came")
	}
	srv.Close() // waits for the handler
	wantSample(t, metrics(a), `http_requests_total{endpoint="/chat",method="POST",status="499"} 1`)
}
