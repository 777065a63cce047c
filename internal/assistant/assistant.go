// Package assistant holds the words of the domain: messages, the model that answers them, the store that remembers
// them, and the kinds of error a model call ends in. It does no I/O and knows no transport, vendor or metric.
package assistant

import "context"

// Role says who wrote a message.
type Role string

const (
	// RoleUser marks what a person asked.
	RoleUser Role = "user"
	// RoleModel marks what the model answered.
	RoleModel Role = "model"
)

// Message is one turn of a conversation. Its text is private: it is never logged and never part of an error.
type Message struct {
	Role Role
	Text string
}

// Usage is what a call consumed, in tokens as the model's vendor counts them. The zero value means that the vendor
// reported none: a call that was answered has consumed at least its prompt.
type Usage struct {
	PromptTokens     int
	CompletionTokens int
}

// Request is a conversation to be continued: the messages in order, the last one the user's.
type Request struct {
	Messages []Message
}

// Prompt is the text of the last message, the one to be answered; empty without messages.
func (r Request) Prompt() string {
	if len(r.Messages) == 0 {
		return ""
	}
	return r.Messages[len(r.Messages)-1].Text
}

// Answer is a complete reply.
type Answer struct {
	Text  string
	Usage Usage
}

// Model answers conversations. Implementations are safe for concurrent use.
type Model interface {
	// Name is the configured name of the model, the value of the metrics' model label.
	Name() string
	// Generate returns the complete answer to r. Its error is an *Error.
	Generate(ctx context.Context, r Request) (Answer, error)
}

// Store remembers conversations by session id. Implementations are safe for concurrent use.
type Store interface {
	// History returns the messages of a session in order, none for a session that is unknown or has expired.
	History(ctx context.Context, id string) ([]Message, error)
	// Append adds messages to a session, all or none, begins the session if need be, and renews its lifetime.
	Append(ctx context.Context, id string, messages ...Message) error
	// Active is the number of sessions that have not expired.
	Active(ctx context.Context) (int, error)
}
