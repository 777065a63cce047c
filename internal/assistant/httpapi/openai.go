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
func speaksOpenAI(path string) bool {
	_, misplaced := errMisplaced(path)
	return misplaced || strings.HasPrefix(path, openAIPrefix)
}

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
	case f.kind == assistant.KindQuotaDay:
		d.Type = "insufficient_quota"
	case f.status == http.StatusTooManyRequests:
		d.Type = "requests"
	case f.status >= http.StatusInternalServerError:
		d.Type = "server_error"
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
	Role      string         `json:"role"`
	Content   *string        `json:"content"` // null if there are only tool calls
	Refusal   *string        `json:"refusal"` // null
	ToolCalls []wireToolCall `json:"tool_calls,omitempty"`
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
	Role      string          `json:"role,omitempty"`
	Content   *string         `json:"content,omitempty"`
	ToolCalls []toolCallChunk `json:"tool_calls,omitempty"`
}

// toolCallChunk is a part of a tool call. The first has the id, the type and the name.
type toolCallChunk struct {
	Index    int           `json:"index"`
	ID       string        `json:"id,omitempty"`
	Type     string        `json:"type,omitempty"`
	Function functionChunk `json:"function"`
}

type functionChunk struct {
	Name      string `json:"name,omitempty"`
	Arguments string `json:"arguments"`
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

// messageOf is an answer as a message.
func messageOf(answer assistant.Answer) completionMessage {
	m := completionMessage{Role: roleAssistant, ToolCalls: wireToolCalls(answer.ToolCalls)}
	if answer.Text != "" || len(m.ToolCalls) == 0 {
		m.Content = &answer.Text
	}
	return m
}

// finishReason is OpenAI's name of how an answer ended; it has none for rare ways.
func finishReason(answer assistant.Answer) string {
	switch {
	case answer.Finish == assistant.FinishLength:
		return "length"
	case answer.Finish == assistant.FinishBlocked:
		return "content_filter"
	case answer.Finish == assistant.FinishToolCalls, len(answer.ToolCalls) > 0:
		return "tool_calls"
	default:
		return "stop"
	}
}
