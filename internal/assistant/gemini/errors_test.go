package gemini

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

const secretPrompt = "canary prompt text"

// apiError is Google's error body as a stream has it. Its free text quotes the key and the prompt, as Google's does.
func apiError(status, details string) string {
	return `[{"error":{"code":0,"message":"consumer 'api_key:` + testKey + `' sent ` + secretPrompt +
		`","status":"` + status + `","details":[` + details + `]}}]`
}

const (
	info  = `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}`
	retry = `{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"34s"}`
)

// Ids of quotas as Gemini has them.
const (
	perMinute = "GenerateContentInputTokensPerModelPerMinute-FreeTier"
	perDay    = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
)

// violated is the detail that names the quotas which are exhausted.
func violated(quotas ...string) string {
	for i, id := range quotas {
		quotas[i] = `{"quotaMetric":"generativelanguage.googleapis.com/x","quotaId":"` + id + `","quotaValue":"20"}`
	}
	return `{"@type":"type.googleapis.com/google.rpc.QuotaFailure","violations":[` + strings.Join(quotas, ",") + `]}`
}

func TestFailuresHaveAKindAndKeepSecrets(t *testing.T) {
	for _, tt := range []struct {
		name, body string
		code       int
		kind       assistant.Kind
		text       string // part of the error's
	}{
		{"quota", apiError("RESOURCE_EXHAUSTED", retry), 429, assistant.KindQuota, "429 Too Many Requests"},
		{"quota of the minute", apiError("RESOURCE_EXHAUSTED", violated(perMinute)), 429, assistant.KindQuotaMinute, "429"},
		{"quota of the day", apiError("RESOURCE_EXHAUSTED", retry+","+violated(perDay)), 429, assistant.KindQuotaDay, "429"},
		{"both quotas", apiError("RESOURCE_EXHAUSTED", violated(perMinute, perDay)), 429, assistant.KindQuotaDay, "429"},
		{"another quota", apiError("RESOURCE_EXHAUSTED", violated("Characters")), 429, assistant.KindQuota, "429"},
		{"quota as an object", strings.Trim(apiError("RESOURCE_EXHAUSTED", violated(perDay)), "[]"), 429, assistant.KindQuotaDay, "429"},
		{"model retired", apiError("NOT_FOUND", ""), 410, assistant.KindNotFound, "410"},
		{"key refused", apiError("INVALID_ARGUMENT", info), 400, assistant.KindAuth, "API_KEY_INVALID"},
		{"forbidden", apiError("PERMISSION_DENIED", ""), 403, assistant.KindAuth, "403"},
		{"unauthorized", apiError("UNAUTHENTICATED", ""), 401, assistant.KindAuth, "401"},
		{"bad request", apiError("INVALID_ARGUMENT", ""), 400, assistant.KindInvalid, "400"},
		{"unknown model", apiError("NOT_FOUND", ""), 404, assistant.KindNotFound, "404"},
		{"internal", apiError("INTERNAL", ""), 500, assistant.KindUnavailable, "500"},
		{"overloaded", apiError("UNAVAILABLE", ""), 503, assistant.KindUnavailable, "503"},
		{"upstream deadline", apiError("DEADLINE_EXCEEDED", ""), 504, assistant.KindTimeout, "504"},
		{"no JSON", "<html>" + secretPrompt + testKey, 502, assistant.KindUnavailable, "502"},
		{"blocked prompt", `[{"promptFeedback":{"blockReason":1}}]`, 200, assistant.KindBlocked, "blocked"},
		{"blocked answer", chunk(secretPrompt, 3), 200, assistant.KindBlocked, "blocked"},
		{"prohibited content", chunk(secretPrompt, 8), 200, assistant.KindBlocked, "blocked"},
		{"cut between chunks", strings.TrimSuffix(chunk(secretPrompt, 0), "]"), 200, assistant.KindTruncated, "broke off"},
		{"cut within a chunk", chunk(secretPrompt, 1)[:30], 200, assistant.KindTruncated, "broke off"},
		{"error within a stream", apiError("INTERNAL", ""), 200, assistant.KindTruncated, "broke off"},
		{"no text", chunk("", 1), 200, assistant.KindUnknown, "no text"},
		{"not a stream", `"` + secretPrompt + testKey + `"`, 200, assistant.KindUnknown, "could not be read"},
		{"not an answer", `[{"candidates":"` + secretPrompt + testKey + `"}]`, 200, assistant.KindUnknown, "could not be read"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := against(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tt.code)
				_, _ = io.WriteString(w, tt.body)
			})
			_, err := m.Generate(t.Context(), generate(secretPrompt), nil)
			if err == nil {
				t.Fatal("Generate succeeded")
			}
			if got := assistant.KindOf(err); got != tt.kind {
				t.Errorf("kind = %s, want %s (%v)", got, tt.kind, err)
			}
			if !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error = %q, want %q in it", err, tt.text)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if strings.Contains(e.Error(), testKey) || strings.Contains(e.Error(), secretPrompt) {
					t.Errorf("the error's chain holds a secret: %v", e)
				}
			}
		})
	}
}

// chunk is a stream of one element.
func chunk(text string, finish byte) string {
	return `[{"candidates":[{"content":{"parts":[{"text":"` + text + `"}]},"finishReason":` + string('0'+finish) + `}]}]`
}

func TestRetryAfterIsTheVendors(t *testing.T) {
	array := apiError("RESOURCE_EXHAUSTED", retry)
	for _, tt := range []struct {
		name, body string
		want       time.Duration
	}{
		{"array", array, 34 * time.Second},
		{"object", strings.Trim(array, "[]"), 34 * time.Second},
		{"quota of the minute", apiError("RESOURCE_EXHAUSTED", violated(perMinute)+","+retry), 34 * time.Second},
		{"quota of the day", apiError("RESOURCE_EXHAUSTED", violated(perDay)+","+retry), 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := against(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusTooManyRequests)
				_, _ = io.WriteString(w, tt.body)
			})
			_, err := m.Generate(t.Context(), generate("hello"), nil)
			var failed *assistant.Error
			if !errors.As(err, &failed) || failed.RetryAfter != tt.want {
				t.Errorf("err = %#v, want one with RetryAfter %v", err, tt.want)
			}
		})
	}
}

func TestAnErrorThatNamesTheKeyIsRedacted(t *testing.T) {
	m := newModel(t, "http://127.0.0.1:1", time.Second)
	err := m.toModelError(t.Context(), &netError{"dial " + testKey})
	if strings.Contains(err.Error(), testKey) || !strings.Contains(err.Error(), "[redacted]") {
		t.Errorf("explain = %v, want the key redacted", err)
	}
	if got := redact("?key=AIza%2Fcanary%2Bkey%3D1&x", testKey); got != "?key=[redacted]&x" {
		t.Errorf("redact = %q, want the escaped key redacted", got)
	}
}

// netError is a net.Error with a text of its own.
type netError struct{ text string }

func (e *netError) Error() string   { return e.text }
func (e *netError) Timeout() bool   { return false }
func (e *netError) Temporary() bool { return false }
