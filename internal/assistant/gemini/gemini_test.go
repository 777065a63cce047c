package gemini

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

const testKey = "AIza/canary+key=1"

const modelName = "gemini-flash-latest"

func newClient(t *testing.T, endpoint string, silence time.Duration) *Client {
	t.Helper()
	c, err := New(t.Context(), Config{APIKey: testKey, Endpoint: endpoint, Silence: silence})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func newModel(t *testing.T, endpoint string, silence time.Duration) assistant.Model {
	t.Helper()
	return newClient(t, endpoint, silence).Model(modelName)
}

// testSilence is longer than any test's server is silent for no reason.
const testSilence = 5 * time.Second

// serve returns the address of a server whose every request h answers.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL
}

// against returns a model whose every call h answers.
func against(t *testing.T, h http.HandlerFunc) assistant.Model {
	t.Helper()
	return newModel(t, serve(t, h), testSilence)
}

func generate(text string) assistant.Request {
	return assistant.Request{Messages: []assistant.Message{assistant.NewText(assistant.RoleUser, text)}}
}

func TestAnswerAndUsageAreTheStandIns(t *testing.T) {
	b := server.DefaultBehaviour()
	b.PromptTokens, b.CompletionTokens = 11, 77
	fake, err := server.New(server.Config{Behaviour: b, APIKey: testKey})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(fake)
	defer srv.Close()

	answer, err := newModel(t, srv.URL+"/", 5*time.Second).Generate(t.Context(), generate("hello"), nil)
	if err != nil {
		t.Fatal(err)
	}
	// The answer spans several chunks; a client that kept the first one's usage would report fewer tokens.
	if want := (assistant.Usage{PromptTokens: 11, CompletionTokens: 77, Source: assistant.UsageReported}); answer.Usage != want {
		t.Errorf("usage = %+v, want %+v", answer.Usage, want)
	}
	if got := len(strings.Fields(answer.Text)); got != 59 {
		t.Errorf("the answer has %d words, want all 59", got)
	}
}

func TestTheWholeConversationIsSent(t *testing.T) {
	var sent struct {
		Contents []struct {
			Role  string
			Parts []struct{ Text string }
		}
	}
	m := against(t, func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("X-Goog-Api-Key"); got != testKey {
			t.Errorf("key header = %q", got)
		}
		if strings.Contains(r.URL.String(), "key") {
			t.Errorf("the URL may hold the key: %s", r.URL)
		}
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, `[{"candidates":[{"content":{"parts":[{"text":"three"}]},"finishReason":1}]}]`)
	})
	_, err := m.Generate(t.Context(), assistant.Request{Messages: []assistant.Message{
		assistant.NewText(assistant.RoleUser, "one"), assistant.NewText(assistant.RoleModel, "two"), assistant.NewText(assistant.RoleUser, "more"),
	}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"user:one", "model:two", "user:more"}
	if len(sent.Contents) != len(want) {
		t.Fatalf("sent %d messages, want %d", len(sent.Contents), len(want))
	}
	for i, c := range sent.Contents {
		if got := c.Role + ":" + c.Parts[0].Text; got != want[i] {
			t.Errorf("message %d = %q, want %q", i, got, want[i])
		}
	}
}

func TestOptionsAreSent(t *testing.T) {
	var sent struct {
		SystemInstruction struct{ Parts []struct{ Text string } }
		GenerationConfig  map[string]any
	}
	m := against(t, func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, chunk("a", 1))
	})
	r := generate("hello")
	tokens, temperature, topP := 7, 0.5, 0.25
	r.System = "be brief"
	r.Options = assistant.Options{MaxTokens: &tokens, Temperature: &temperature, TopP: &topP, Stop: []string{"end"}}
	if _, err := m.Generate(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"maxOutputTokens": 7.0, "temperature": 0.5, "topP": 0.25, "stopSequences": []any{"end"},
	}
	if !reflect.DeepEqual(sent.GenerationConfig, want) {
		t.Errorf("sent %v, want %v", sent.GenerationConfig, want)
	}
	if p := sent.SystemInstruction.Parts; len(p) != 1 || p[0].Text != "be brief" {
		t.Errorf("sent system instruction %v", p)
	}
	if got := m.Name(); got != modelName {
		t.Errorf("Name() = %q", got)
	}
}

func TestTimeoutAndCancellation(t *testing.T) {
	stuck := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	defer stuck.Close()

	_, err := newModel(t, stuck.URL, 30*time.Millisecond).Generate(t.Context(), generate("hello"), nil)
	if got := assistant.KindOf(err); got != assistant.KindTimeout {
		t.Errorf("after the timeout: %v, want kind timeout", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(30*time.Millisecond, cancel)
	_, err = newModel(t, stuck.URL, time.Minute).Generate(ctx, generate("hello"), nil)
	if got := assistant.KindOf(err); got != assistant.KindCancelled {
		t.Errorf("after the caller left: %v, want kind cancelled", err)
	}
}

func TestUnreachableServer(t *testing.T) {
	srv := httptest.NewServer(nil)
	srv.Close()
	_, err := newModel(t, srv.URL, 5*time.Second).Generate(t.Context(), generate("hello"), nil)
	if got := assistant.KindOf(err); got != assistant.KindUnavailable {
		t.Errorf("err = %v, want kind unavailable", err)
	}
	if strings.Contains(err.Error(), "http://") {
		t.Errorf("the error holds the URL: %v", err)
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	var elsewhere bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere = true }))
	defer other.Close()
	m := against(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
	})
	if _, err := m.Generate(t.Context(), generate("hello"), nil); err == nil {
		t.Error("a redirect was taken for an answer")
	}
	if elsewhere {
		t.Error("the key went to another server")
	}
}

func TestBadRequestsAreNotSent(t *testing.T) {
	m := against(t, func(http.ResponseWriter, *http.Request) { t.Error("a call was made") })
	for _, r := range []assistant.Request{{}, {Messages: []assistant.Message{{Role: assistant.RoleTool, ToolCallID: "x"}}}} {
		_, err := m.Generate(t.Context(), r, nil)
		if got := assistant.KindOf(err); got != assistant.KindInvalid {
			t.Errorf("Generate(%v): %v, want kind invalid", r, err)
		}
	}
}

func TestBadConfigurations(t *testing.T) {
	good := Config{APIKey: testKey, Silence: time.Second}
	for name, change := range map[string]func(*Config){
		"no key":           func(c *Config) { c.APIKey = "" },
		"key with newline": func(c *Config) { c.APIKey += "\n" },
		"no limit":         func(c *Config) { c.Silence = 0 },
		"no scheme":        func(c *Config) { c.Endpoint = "localhost:9000" },
		"other scheme":     func(c *Config) { c.Endpoint = "ftp://localhost" },
		"query":            func(c *Config) { c.Endpoint = "http://localhost?key=" + testKey },
		"password":         func(c *Config) { c.Endpoint = "http://user:" + testKey + "@localhost" },
		"not a URL":        func(c *Config) { c.Endpoint = "http://[" + testKey },
	} {
		t.Run(name, func(t *testing.T) {
			c := good
			change(&c)
			_, err := New(t.Context(), c)
			if err == nil {
				t.Fatal("New succeeded")
			}
			if strings.Contains(err.Error(), testKey) {
				t.Errorf("the error holds the key: %v", err)
			}
		})
	}
	if _, err := New(t.Context(), good); err != nil {
		t.Errorf("the unchanged configuration fails: %v", err)
	}
}

func TestEveryErrorIsAnAssistantError(t *testing.T) {
	m := against(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	_, err := m.Generate(t.Context(), generate("hello"), nil)
	var failed *assistant.Error
	if !errors.As(err, &failed) || failed.Kind != assistant.KindUnknown {
		t.Errorf("err = %#v, want an *assistant.Error of kind unknown", err)
	}
}
