package httpapi

import (
	"net/http"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// The wire format of OpenAI's API, as far as it is served. Its clients are strict about names and nulls.
// https://platform.openai.com/docs/api-reference/chat

const openAIPrefix = "/v1/"

// speaksOpenAI reports whether a path's clients expect OpenAI's errors, even if nothing is served there.
func speaksOpenAI(path string) bool { return strings.HasPrefix(path, openAIPrefix) }

type openAIErrorBody struct {
	Error openAIErrorDetail `json:"error"`
}

type openAIErrorDetail struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    string  `json:"code"`
}

// openAIError is an error in OpenAI's form: a coarse type, and a code from a closed set.
func openAIError(f *httpError) openAIErrorBody {
	d := openAIErrorDetail{Message: f.message, Type: "invalid_request_error", Code: f.code}
	switch {
	case f.kind == assistant.KindQuotaDay: // retrying today is pointless
		d.Type, d.Code = "insufficient_quota", "insufficient_quota"
	case f.status == http.StatusTooManyRequests:
		d.Type, d.Code = "requests", "rate_limit_exceeded"
	case f.status >= http.StatusInternalServerError:
		d.Type = "server_error"
	case f.kind == assistant.KindBlocked:
		d.Code = "content_filter"
	}
	if d.Code == "" {
		d.Code = string(f.kind)
	}
	if f.param != "" {
		d.Param = &f.param
	}
	return openAIErrorBody{d}
}

type chatCompletion struct {
	ID      string             `json:"id"`
	Object  string             `json:"object"` // chat.completion
	Created int64              `json:"created"`
	Model   string             `json:"model"`
	Choices []completionChoice `json:"choices"`
	Usage   completionUsage    `json:"usage"`
}

type completionChoice struct {
	Index        int               `json:"index"`
	Message      completionMessage `json:"message"`
	Logprobs     *struct{}         `json:"logprobs"` // null
	FinishReason string            `json:"finish_reason"`
}

type completionMessage struct {
	Role    string  `json:"role"`
	Content string  `json:"content"`
	Refusal *string `json:"refusal"` // null
}

type completionChunk struct {
	ID      string        `json:"id"`
	Object  string        `json:"object"` // chat.completion.chunk
	Created int64         `json:"created"`
	Model   string        `json:"model"`
	Choices []chunkChoice `json:"choices"`
	// Usage is left out unless requested, and is then null in every chunk but the last.
	Usage any `json:"usage,omitempty"`
}

type chunkChoice struct {
	Index        int        `json:"index"`
	Delta        chunkDelta `json:"delta"`
	Logprobs     *struct{}  `json:"logprobs"`
	FinishReason *string    `json:"finish_reason"` // null but in the last choice
}

type chunkDelta struct {
	Role    string  `json:"role,omitempty"`
	Content *string `json:"content,omitempty"`
}

// completionUsage is in tokens; the details are subsets of the numbers above them.
type completionUsage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
	TotalTokens      int `json:"total_tokens"`
	PromptDetails    struct {
		CachedTokens int `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
	CompletionDetails struct {
		ReasoningTokens int `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

func usageOf(u assistant.Usage) completionUsage {
	out := completionUsage{
		PromptTokens: u.PromptTokens, CompletionTokens: u.CompletionTokens, TotalTokens: u.PromptTokens + u.CompletionTokens,
	}
	out.PromptDetails.CachedTokens = u.CachedTokens
	out.CompletionDetails.ReasoningTokens = u.ThinkingTokens
	return out
}

// finishReason is OpenAI's name of a finish reason; it has none for rare ones.
func finishReason(f assistant.Finish) string {
	switch f {
	case assistant.FinishLength:
		return "length"
	case assistant.FinishBlocked:
		return "content_filter"
	default:
		return "stop"
	}
}
