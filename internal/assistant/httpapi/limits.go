package httpapi

import (
	"fmt"
	"net/http"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// Limits bound one request. All must be positive.
type Limits struct {
	// BodyBytes is the largest request body.
	BodyBytes int64
	// PromptCharacters is the maximum text of one request, all its messages together.
	PromptCharacters int
	// HistoryMessages is the maximum number of messages sent to the model. POST /chat leaves out the oldest; POST
	// /v1/chat/completions, whose client keeps the history, is rejected.
	HistoryMessages int
}

// DefaultLimits returns 20 MiB, which is room for pictures, some forty thousand words, and a hundred questions with their
// answers.
func DefaultLimits() Limits {
	return Limits{BodyBytes: 20 << 20, PromptCharacters: 200_000, HistoryMessages: 200}
}

// checkPrompt rejects more text than one request may send in messages.
func (l Limits) checkPrompt(texts ...string) error { return l.checkText("messages", texts...) }

// checkText rejects more text than one request may send in a parameter.
func (l Limits) checkText(param string, texts ...string) error {
	n := 0
	for _, text := range texts {
		n += utf8.RuneCountInString(text)
	}
	if n <= l.PromptCharacters {
		return nil
	}
	return &httpError{
		status: http.StatusBadRequest, kind: kindTooLarge, param: param, code: "context_length_exceeded",
		message: fmt.Sprintf("The text is longer than %d characters; shorten it, or send it in parts.", l.PromptCharacters),
	}
}

// checkHistory rejects a conversation with too many messages.
func (l Limits) checkHistory(messages int) error {
	if messages <= l.HistoryMessages {
		return nil
	}
	return &httpError{
		status: http.StatusBadRequest, kind: kindTooLarge, param: "messages", code: "context_length_exceeded",
		message: fmt.Sprintf("There are more than %d messages; leave out the oldest, or sum them up.", l.HistoryMessages),
	}
}

// latest returns the end of a history, within the limit. It starts with a user's message, as conversations do.
func (l Limits) latest(history []assistant.Message) []assistant.Message {
	if surplus := len(history) - l.HistoryMessages; surplus > 0 {
		history = history[surplus:]
	}
	for len(history) > 0 && history[0].Role != assistant.RoleUser {
		history = history[1:]
	}
	return history
}
