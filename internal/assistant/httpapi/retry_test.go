package httpapi

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// wantedFailures are what clients are told of each kind of failure, without and with a wait of 20 s that the vendor names.
var wantedFailures = map[assistant.Kind]struct {
	status                     int
	errorType, code, retry     string
	after, vendorAfter, spread string
}{
	assistant.KindQuota:         {429, "requests", "rate_limit_exceeded", "true", "10", "20", "15"},
	assistant.KindQuotaMinute:   {429, "requests", "rate_limit_exceeded", "true", "10", "20", "15"},
	assistant.KindQuotaDay:      {402, "insufficient_quota", "insufficient_quota", "false", "", "", ""},
	assistant.KindBlocked:       {400, "invalid_request_error", "content_filter", "false", "", "", ""},
	assistant.KindTimeout:       {504, "server_error", "timeout", "true", "1", "20", "2"},
	assistant.KindTruncated:     {502, "server_error", "truncated", "true", "1", "20", "2"},
	assistant.KindUnavailable:   {503, "server_error", "unavailable", "true", "1", "20", "2"},
	assistant.KindNotFound:      {404, "invalid_request_error", "upstream_model_not_found", "false", "", "", ""},
	assistant.KindInvalid:       {400, "invalid_request_error", "invalid", "false", "", "", ""},
	assistant.KindContextLength: {400, "invalid_request_error", "context_length_exceeded", "false", "", "", ""},
	assistant.KindPrecondition:  {403, "invalid_request_error", "failed_precondition", "false", "", "", ""},
	assistant.KindCancelled:     {499, "invalid_request_error", "cancelled", "false", "", "", ""},
	assistant.KindAuth:          {403, "invalid_request_error", "auth", "false", "", "", ""},
	assistant.KindUnknown:       {502, "server_error", "unknown", "true", "1", "20", "2"},
}

// fails is a model that fails before it says anything.
func fails(kind assistant.Kind, wait time.Duration) assistant.Model {
	return generate(func(context.Context, assistant.Request) (assistant.Answer, error) {
		return assistant.Answer{}, &assistant.Error{Kind: kind, RetryAfter: wait, Err: errors.New("secret detail")}
	})
}

func TestEveryFailureSaysWhetherToTryAgain(t *testing.T) {
	for _, kind := range assistant.ModelKinds() {
		want, ok := wantedFailures[kind]
		if !ok {
			t.Errorf("%s has no line in the table", kind)
		}
		for name, tt := range map[string]struct {
			vendor time.Duration
			random float64
			after  string
		}{
			"usual": {0, 0, want.after}, "vendor's": {19500 * time.Millisecond, 0, want.vendorAfter}, "spread": {0, 1, want.spread},
		} {
			for _, body := range []string{hello, with(`"stream":true`)} {
				a, _ := newAPIWith(t, Config{Models: []assistant.Model{fails(kind, tt.vendor)}})
				a.random = func() float64 { return tt.random }
				w := do(a, "POST", completionsPath, body)
				got := decode[openAIErrorBody](t, w.Body).Error
				if w.Code != want.status || got.Type != want.errorType || got.Code != want.code {
					t.Errorf("%s: answer = %d %+v, want %+v", kind, w.Code, got, want)
				}
				if retry, after := w.Header().Get("X-Should-Retry"), w.Header().Get("Retry-After"); retry != want.retry || after != tt.after {
					t.Errorf("%s, %s: X-Should-Retry %q, Retry-After %q; want %q, %q", kind, name, retry, after, want.retry, tt.after)
				}
			}
		}
	}
}

func TestWhatOnlyTheOperatorCanFixSaysSo(t *testing.T) {
	for _, kind := range []assistant.Kind{assistant.KindNotFound, assistant.KindPrecondition, assistant.KindAuth} {
		if !strings.HasSuffix(modelFailures[kind].message, "tell the operator.") {
			t.Errorf("%s: %s", kind, modelFailures[kind].message)
		}
	}
}

func TestOurOwnRateLimitIsSpreadToo(t *testing.T) {
	a, _ := newAPIWith(t, Config{Models: []assistant.Model{generate(echo)}, Rate: Rate{PerSecond: 0.1, Burst: 1}})
	now := time.Unix(1_000_000, 0)
	a.limiter.now = func() time.Time { return now }
	a.random = func() float64 { return 1 }
	do(a, "GET", modelsPath, "")
	h := do(a, "GET", modelsPath, "").Header()
	if h.Get("Retry-After") != "15" || h.Get("X-Should-Retry") != "true" {
		t.Errorf("header = %v, want half of 10 s more", h)
	}
}

// TestAnEmptyAnswerIsAnAnswer: a limit of length may be met while the model still thinks.
func TestAnEmptyAnswerIsAnAnswer(t *testing.T) {
	for finish, want := range map[assistant.Finish]string{
		assistant.FinishLength: "length", assistant.FinishStop: "stop", assistant.FinishOther: "stop",
	} {
		w := complete(t, generate(func(context.Context, assistant.Request) (assistant.Answer, error) {
			return assistant.Answer{Finish: finish}, nil
		}), hello)
		got := decode[chatCompletion](t, w.Body).Choices[0]
		if w.Code != 200 || got.Message.Content == nil || *got.Message.Content != "" || got.FinishReason != want {
			t.Errorf("%s: %d %+v", finish, w.Code, got)
		}
	}
}
