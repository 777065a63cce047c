// Package assistant defines the domain: messages, the model that answers them, the store that keeps them, and the kinds
// of error of a model call. It does no I/O and knows no transport, vendor or metric.
package assistant

import "context"

// Role is the author of a message.
type Role string

const (
	// RoleUser is the person who asks.
	RoleUser Role = "user"
	// RoleModel is the model that answers.
	RoleModel Role = "model"
)

// Message is one turn of a conversation. Its text is private: it is never logged and never part of an error.
type Message struct {
	Role Role
	Text string
}

// UsageSource is where a call's usage comes from.
type UsageSource string

const (
	// UsageReported means that the vendor counted the tokens.
	UsageReported UsageSource = "reported"
	// UsageEstimated means that the vendor reported none, and the words were counted instead.
	UsageEstimated UsageSource = "estimated"
	// UsageUnknown means that there was nothing to count.
	UsageUnknown UsageSource = "unknown"
)

// UsageSources returns every usage source.
func UsageSources() []UsageSource {
	return []UsageSource{UsageReported, UsageEstimated, UsageUnknown}
}

// Usage is what a call consumed, in tokens as the vendor counts them. The zero value means that the vendor reported
// none.
type Usage struct {
	// PromptTokens are those of the whole conversation. CompletionTokens are all that the model produced, thinking
	// included: it costs as much as the answer.
	PromptTokens     int
	CompletionTokens int
	// CachedTokens are the cached part of PromptTokens, ThinkingTokens the thinking part of CompletionTokens.
	CachedTokens   int
	ThinkingTokens int
	// Source is UsageReported if the vendor counted, else empty until SettleUsage sets it.
	Source UsageSource
}

// Finish is the reason why an answer ended.
type Finish string

const (
	// FinishStop means that the answer is complete, or met a stop sequence.
	FinishStop Finish = "stop"
	// FinishLength means that the answer reached its maximum length.
	FinishLength Finish = "length"
	// FinishBlocked means that the vendor's safety filter ended the answer.
	FinishBlocked Finish = "blocked"
	// FinishOther is every other reason.
	FinishOther Finish = "other"
)

// Finishes returns every finish reason.
func Finishes() []Finish { return []Finish{FinishStop, FinishLength, FinishBlocked, FinishOther} }

// Options configure an answer. What is nil or empty is up to the model.
type Options struct {
	// MaxTokens is the maximum length of the answer.
	MaxTokens *int
	// Temperature is 0 to 2, TopP 0 to 1.
	Temperature, TopP *float64
	// Stop are the sequences at which the answer ends.
	Stop []string
}

// Request is a conversation to continue: the messages in order, the last one the user's.
type Request struct {
	// System is the system instruction; empty for none.
	System   string
	Messages []Message
	Options  Options
}

// Prompt returns the text of the last message; empty without messages.
func (r Request) Prompt() string {
	if len(r.Messages) == 0 {
		return ""
	}
	return r.Messages[len(r.Messages)-1].Text
}

// Answer is a reply. After a failed call it holds the text and the usage until then.
type Answer struct {
	Text  string
	Usage Usage
	// Finish is empty if the answer did not come to an end.
	Finish Finish
}

// Model answers conversations. Implementations are safe for concurrent use.
type Model interface {
	// Name returns the configured name of the model, the value of the model label.
	Name() string
	// Generate returns the complete answer to r. It passes each part of the text to emit as it arrives, unless emit is
	// nil; an error of emit ends the call as cancelled. The error is an *Error, with what is known of the answer.
	Generate(ctx context.Context, r Request, emit func(text string) error) (Answer, error)
}

// Store keeps conversations by session id. Implementations are safe for concurrent use.
type Store interface {
	// History returns the messages of a session in order, none for a session that is unknown or has expired.
	History(ctx context.Context, id string) ([]Message, error)
	// Append adds messages to a session, all or none, creates the session if necessary, and renews its lifetime.
	Append(ctx context.Context, id string, messages ...Message) error
	// Delete deletes a session. An unknown one is no error.
	Delete(ctx context.Context, id string) error
	// Active returns the number of sessions that have not expired.
	Active(ctx context.Context) (int, error)
}
