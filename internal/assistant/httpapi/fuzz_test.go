package httpapi

import (
	"encoding/json"
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

// wantUsableMessage checks that a message holds what a model can read, and answers calls before it only.
func wantUsableMessage(t *testing.T, m assistant.Message, called map[string]bool) {
	t.Helper()
	for _, p := range m.Parts {
		if p.Media == nil && p.Text == "" && m.Role != assistant.RoleTool || p.Media != nil && (m.Role != assistant.RoleUser || len(p.Media.Data) == 0) {
			t.Errorf("accepted the part %+v of %s", p, m.Role)
		}
	}
	for _, c := range m.ToolCalls {
		called[c.ID] = true
		if c.Name == "" || m.Role != assistant.RoleModel || !json.Valid([]byte(c.Arguments)) {
			t.Errorf("accepted the call %+v of %s", c, m.Role)
		}
	}
	switch {
	case len(m.Parts) == 0 && len(m.ToolCalls) == 0:
		t.Errorf("accepted the message %+v", m)
	case m.Role == assistant.RoleTool && !called[m.ToolCallID]:
		t.Errorf("accepted the result of no call: %+v", m)
	}
}

func FuzzDecodeEmbeddings(f *testing.F) {
	f.Add([]byte(`{"model":"m","input":["a","b"],"encoding_format":"base64","dimensions":3}`))
	f.Add([]byte(`{"model":"m","input":[[1,2],[3]]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := decodeEmbeddings(limitedBody(data).Body, fuzzLimits)
		if err != nil {
			wantHTTPError(t, err)
			return
		}
		if in.model == "" || len(in.request.Texts) == 0 || in.request.Dimensions != nil && *in.request.Dimensions < 1 {
			t.Errorf("accepted %+v", in)
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
		if in.model == "" || n == 0 && in.request.System == "" || n > fuzzLimits.HistoryMessages {
			t.Errorf("accepted %+v", in)
		}
		called := map[string]bool{}
		for _, m := range in.request.Messages {
			characters += utf8.RuneCountInString(m.Text())
			wantUsableMessage(t, m, called)
		}
		// The system messages are joined by two line breaks each.
		if characters > fuzzLimits.PromptCharacters+2*fuzzLimits.HistoryMessages {
			t.Errorf("accepted %d characters", characters)
		}
		if c := in.request.ToolChoice; (c.Mode == assistant.ToolsRequired || len(c.Names) > 0) && len(in.request.Tools) == 0 {
			t.Errorf("accepted the choice %+v of no tools", c)
		}
		o := in.request.Options
		if o.Temperature != nil && !(*o.Temperature >= 0 && *o.Temperature <= 2) || o.TopP != nil && !(*o.TopP >= 0 && *o.TopP <= 1) ||
			o.MaxTokens != nil && *o.MaxTokens < 1 || len(o.Stop) > maxStops {
			t.Errorf("accepted the options %+v", o)
		}
	})
}
