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

// usage reads counts, and reports whether there are any. The library is older than thoughtsTokenCount, but the total
// holds it: what exceeds prompt and candidates is thinking. Thinking counts as completion, since Gemini bills it as output
// (https://ai.google.dev/gemini-api/docs/pricing). Cached tokens are part of the prompt's. Nothing here is negative.
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

// maxTail is how much of a response a tail keeps, in bytes: the end of the last chunk, which has the usage.
const maxTail = 8 << 10

// tail is the end of a raw response. The library turns a blocked chunk into an error and drops its usage, but those
// tokens are billed.
type tail struct{ b []byte }

type tailKey struct{}

// withTail returns a context whose call keeps the tail of its response.
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

// usageField starts the usage of a chunk. In a text its quotation marks are escaped.
var usageField = []byte(`"usageMetadata"`)

// usage returns the last usage in the response, if any.
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
