package gemini

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/google/generative-ai-go/genai"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// counts are Gemini's usageMetadata, in tokens.
type counts struct {
	Prompt     int `json:"promptTokenCount"`
	Cached     int `json:"cachedContentTokenCount"`
	Candidates int `json:"candidatesTokenCount"`
	Total      int `json:"totalTokenCount"`
}

func countsOf(u *genai.UsageMetadata) counts {
	if u == nil {
		return counts{}
	}
	return counts{
		Prompt: int(u.PromptTokenCount), Cached: int(u.CachedContentTokenCount),
		Candidates: int(u.CandidatesTokenCount), Total: int(u.TotalTokenCount),
	}
}

// usage reads counts, and reports whether there are any.
//
// The library is older than thoughtsTokenCount, but the total holds it: what is in the total beyond prompt and
// candidates is thinking, as there are no tools whose prompts could be in it. Thinking counts as completion, since
// Gemini's price of output includes it (https://ai.google.dev/gemini-api/docs/pricing), and OpenAI's completion_tokens
// include reasoning. Cached tokens are part of the prompt's in Gemini's own count
// (https://ai.google.dev/api/generate-content#UsageMetadata). Whatever the vendor sends, nothing here is negative.
func (c counts) usage() (assistant.Usage, bool) {
	prompt, candidates := max(0, c.Prompt), max(0, c.Candidates)
	thinking := max(0, c.Total-prompt-candidates)
	if prompt+candidates+thinking == 0 {
		return assistant.Usage{}, false
	}
	return assistant.Usage{
		PromptTokens: prompt, CompletionTokens: candidates + thinking,
		CachedTokens: min(max(0, c.Cached), prompt), ThinkingTokens: thinking, Source: assistant.UsageReported,
	}, true
}

// kept is how much of an answer a tail keeps, in bytes: the last chunk's end, where the usage is.
const maxTail = 8 << 10

// tail is the end of an answer as it came. It is there because the library turns a chunk that was blocked into an
// error, and drops the usage that stands beside it: those tokens were read, and are paid for.
type tail struct{ b []byte }

type tailKey struct{}

// withTail returns a context whose call leaves its answer's tail.
func withTail(ctx context.Context) (context.Context, *tail) {
	t := &tail{}
	return context.WithValue(ctx, tailKey{}, t), t
}

// add copies p's end.
func (t *tail) add(p []byte) {
	t.b = append(t.b, p[max(0, len(p)-maxTail):]...)
	if len(t.b) > 2*maxTail {
		t.b = append(t.b[:0], t.b[len(t.b)-maxTail:]...)
	}
}

// usageField begins the usage of a chunk. A text that says so has its quotation marks escaped.
var usageField = []byte(`"usageMetadata"`)

// usage is the last that the answer reported, if any.
func (t *tail) usage() (assistant.Usage, bool) {
	i := bytes.LastIndex(t.b, usageField)
	if i < 0 {
		return assistant.Usage{}, false
	}
	rest, ok := bytes.CutPrefix(bytes.TrimSpace(t.b[i+len(usageField):]), []byte(":"))
	var c counts
	if !ok || json.NewDecoder(bytes.NewReader(rest)).Decode(&c) != nil {
		return assistant.Usage{}, false
	}
	return c.usage()
}
