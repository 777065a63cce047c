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
	info   = `{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}`
	fields = `{"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":"contents[0].parts[1].inline_data","description":"` +
		secretPrompt + `"},{"field":"` + secretPrompt + `"}]}`
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
		{"cut between chunks", strings.TrimSuffix(chunk(secretPrompt, 0), "]"), 200, assistant.KindTruncated, "without a finish reason"},
		{"cut within a chunk", chunk(secretPrompt, 1)[:30], 200, assistant.KindTruncated, "without a finish reason"},
		{"error within a stream", apiError("INTERNAL", ""), 200, assistant.KindUnavailable, "500 Internal Server Error INTERNAL"},
		{"quota within a stream", apiError("RESOURCE_EXHAUSTED", violated(perMinute)), 200, assistant.KindQuotaMinute, "429"},
		{"location", apiError("FAILED_PRECONDITION", ""), 400, assistant.KindPrecondition, "FAILED_PRECONDITION"},
		{"too long", strings.Replace(apiError("INVALID_ARGUMENT", ""), "sent", "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576). ", 1), 400, assistant.KindContextLength, "400"},
		{"fields at fault", apiError("INVALID_ARGUMENT", fields), 400, assistant.KindInvalid, "at contents[0].parts[1].inline_data"},
		{"no candidate at all", chunk("", 5), 200, assistant.KindUnknown, "there is no answer: OTHER"},
		{"missing signature", strings.Replace(chunk("", 1), ":1", `:"MISSING_THOUGHT_SIGNATURE"`, 1), 200, assistant.KindInvalid, "thought signature"},
		{"not a stream", `"` + secretPrompt + testKey + `"`, 200, assistant.KindUnknown, "cannot be read"},
		{"not an answer", `[{"candidates":"` + secretPrompt + testKey + `"}]`, 200, assistant.KindUnknown, "cannot be read"},
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
