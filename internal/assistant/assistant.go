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

// UsageSource says where a call's usage comes from.
type UsageSource string

const (
	// UsageReported means that the vendor counted the tokens.
	UsageReported UsageSource = "reported"
	// UsageEstimated means that the vendor reported none and the words were counted instead.
	UsageEstimated UsageSource = "estimated"
	// UsageUnknown means that the call ended without anything to count.
	UsageUnknown UsageSource = "unknown"
)

// UsageSources returns every source a call's usage can have.
func UsageSources() []UsageSource {
	return []UsageSource{UsageReported, UsageEstimated, UsageUnknown}
}

// Usage is what a call consumed, in tokens as the vendor counts them. The zero value means that the vendor reported
// none: a call that was answered has consumed at least its prompt.
type Usage struct {
	// PromptTokens are those of the whole conversation sent. CompletionTokens are all that the model produced, those of
	// its thinking included: they cost what the answer's do.
	PromptTokens     int
	CompletionTokens int
	// CachedTokens are those of PromptTokens that the vendor had cached, ThinkingTokens those of CompletionTokens that
	// are not part of the answer's text: subsets, never to be added.
	CachedTokens   int
	ThinkingTokens int
	// Source is UsageReported when the vendor counted, else empty until Account decides.
	Source UsageSource
}

// Finish says why an answer ended.
type Finish string

const (
	// FinishStop means that the model had said all it wanted, or met a stop sequence.
	FinishStop Finish = "stop"
	// FinishLength means that the answer reached its largest length.
	FinishLength Finish = "length"
	// FinishBlocked means that the vendor's safety filter ended the answer.
	FinishBlocked Finish = "blocked"
	// FinishOther is every other reason.
	FinishOther Finish = "other"
)

// Finishes returns every reason an answer can end for.
func Finishes() []Finish { return []Finish{FinishStop, FinishLength, FinishBlocked, FinishOther} }

// Options shape an answer. What is nil or empty is left to the model.
type Options struct {
	// MaxTokens is the greatest length of the answer.
	MaxTokens *int
	// Temperature is 0 to 2, TopP 0 to 1.
	Temperature, TopP *float64
	// Stop are texts at which the answer ends.
	Stop []string
}

// Request is a conversation to be continued: the messages in order, the last one the user's.
type Request struct {
	// System tells the model how to behave; empty for nothing special.
	System   string
	Messages []Message
	Options  Options
}

// Prompt is the text of the last message, the one to be answered; empty without messages.
func (r Request) Prompt() string {
	if len(r.Messages) == 0 {
		return ""
	}
	return r.Messages[len(r.Messages)-1].Text
}

// Answer is a reply. That of a failed call holds what is known of it: the text and the usage until then.
type Answer struct {
	Text  string
	Usage Usage
	// Finish is empty if the answer never came to an end, or never began.
	Finish Finish
}

// Model answers conversations. Implementations are safe for concurrent use.
type Model interface {
	// Name is the configured name of the model, the value of the metrics' model label.
	Name() string
	// Generate returns the complete answer to r. Each part of its text goes to emit as soon as it is there, unless emit
	// is nil; an error of emit ends the call as cancelled. Generate's error is an *Error, and the answer beside it what
	// is known of a call that failed.
	Generate(ctx context.Context, r Request, emit func(text string) error) (Answer, error)
}

// Store remembers conversations by session id. Implementations are safe for concurrent use.
type Store interface {
	// History returns the messages of a session in order, none for a session that is unknown or has expired.
	History(ctx context.Context, id string) ([]Message, error)
	// Append adds messages to a session, all or none, begins the session if need be, and renews its lifetime.
	Append(ctx context.Context, id string, messages ...Message) error
	// Delete forgets a session. One that is unknown is no error.
	Delete(ctx context.Context, id string) error
	// Active is the number of sessions that have not expired.
	Active(ctx context.Context) (int, error)
}
