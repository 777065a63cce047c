package httpapi

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

var fuzzLimits = Limits{BodyBytes: 4096, PromptCharacters: 100, HistoryMessages: 5}

// limitedBody is a body as the handlers read it.
func limitedBody(data []byte) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(string(data)))
	r.Body = http.MaxBytesReader(httptest.NewRecorder(), r.Body, fuzzLimits.BodyBytes)
	return r
}

var paramName = regexp.MustCompile(`^[A-Za-z0-9_.\[\]-]{0,80}$`)

// wantHTTPError checks that the client can read and act on an error. Messages are from a closed set, not from the client.
func wantHTTPError(t *testing.T, err error) {
	t.Helper()
	var f *httpError
	if !errors.As(err, &f) {
		t.Fatalf("%v is not the request's fault", err)
	}
	if f.status != http.StatusBadRequest && f.status != http.StatusRequestEntityTooLarge || f.message == "" || !paramName.MatchString(f.param) {
		t.Errorf("refused with %d %q, param %q", f.status, f.message, f.param)
	}
	if !strings.HasSuffix(f.message, ".") || len(f.message) > 200 {
		t.Errorf("message = %q, want a sentence", f.message)
	}
}

func FuzzDecodeChat(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := decodeChat(limitedBody(data).Body, fuzzLimits)
		if err != nil {
			wantHTTPError(t, err)
			return
		}
		if strings.TrimSpace(in.Message) == "" || utf8.RuneCountInString(in.Message) > fuzzLimits.PromptCharacters {
			t.Errorf("accepted the message %q", in.Message)
		}
		if in.SessionID != "" && !idPattern.MatchString(in.SessionID) {
			t.Errorf("accepted the session id %q", in.SessionID)
		}
	})
}

func FuzzDecodeCompletion(f *testing.F) {
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := decodeCompletion(limitedBody(data).Body, fuzzLimits)
		if err != nil {
			wantHTTPError(t, err)
			return
		}
		n, characters := len(in.request.Messages), utf8.RuneCountInString(in.request.System)
		if in.model == "" || n == 0 || n > fuzzLimits.HistoryMessages || in.request.Messages[n-1].Role != assistant.RoleUser {
			t.Errorf("accepted %+v", in)
		}
		for _, m := range in.request.Messages {
			characters += utf8.RuneCountInString(m.Text())
			if m.Text() == "" || m.Role != assistant.RoleUser && m.Role != assistant.RoleModel {
				t.Errorf("accepted the message %+v", m)
			}
		}
		// The system messages are joined by two line breaks each.
		if characters > fuzzLimits.PromptCharacters+2*fuzzLimits.HistoryMessages {
			t.Errorf("accepted %d characters", characters)
		}
		o := in.request.Options
		if o.Temperature != nil && !(*o.Temperature >= 0 && *o.Temperature <= 2) || o.TopP != nil && !(*o.TopP >= 0 && *o.TopP <= 1) ||
			o.MaxTokens != nil && *o.MaxTokens < 1 || len(o.Stop) > maxStops {
			t.Errorf("accepted the options %+v", o)
		}
	})
}
