// Package assistant defines the domain: messages, the model that answers them, the store that keeps them, and the kinds
// of error of a model call. It does no I/O and knows no transport, vendor or metric.
package assistant

import (
	"context"
	"encoding/json"
	"strings"
)

// Role is the author of a message.
type Role string

const (
	// RoleUser is the person who asks.
	RoleUser Role = "user"
	// RoleModel is the model that answers.
	RoleModel Role = "model"
	// RoleTool is a tool that the client ran for the model.
	RoleTool Role = "tool"
)

// Message is one turn of a conversation. What it says is private: it is never logged and never part of an error.
type Message struct {
	Role Role
	// Parts are text and media in order. Those of RoleTool are the tool's result.
	Parts []Part
	// ToolCalls are what a message of RoleModel asks the client to run.
	ToolCalls []ToolCall
	// ToolCallID names the call that a message of RoleTool answers.
	ToolCallID string
}

// Part is a text, or media if it has some.
type Part struct {
	Text  string
	Media *Media
}

// Media is an image, a document or a sound.
type Media struct {
	// Type is the MIME type, such as image/png.
	Type string
	Data []byte
}

// ToolCall is a function that the model asks the client to call.
type ToolCall struct {
	ID, Name string
	// Arguments are a JSON object.
	Arguments string
	// Signature is the vendor's proof of the thoughts that led to the call, which it may want back; empty for none.
	Signature []byte
}

// NewText returns a message of one text.
func NewText(role Role, text string) Message { return Message{Role: role, Parts: []Part{{Text: text}}} }

// Text returns the message's texts, one after another.
func (m Message) Text() string {
	if len(m.Parts) == 1 {
		return m.Parts[0].Text
	}
	var b strings.Builder
	for _, p := range m.Parts {
		b.WriteString(p.Text)
	}
	return b.String()
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
	// FinishToolCalls means that the model waits for the results of its tool calls.
	FinishToolCalls Finish = "tool_calls"
	// FinishOther is every other reason.
	FinishOther Finish = "other"
)

// Finishes returns every finish reason.
func Finishes() []Finish {
	return []Finish{FinishStop, FinishLength, FinishBlocked, FinishToolCalls, FinishOther}
}

// Options configure an answer. What is nil or empty is up to the model.
type Options struct {
	// MaxTokens is the maximum length of the answer.
	MaxTokens *int
	// Temperature is 0 to 2, TopP 0 to 1, TopK at least 1.
	Temperature, TopP *float64
	TopK              *int
	// PresencePenalty and FrequencyPenalty are -2 to 2.
	PresencePenalty, FrequencyPenalty *float64
	// Seed asks for the same answer to the same request, as far as the model can.
	Seed *int64
	// Stop are the sequences at which the answer ends.
	Stop []string
	// Effort is how long the model thinks.
	Effort Effort
}

// Effort is how much a model thinks before it answers.
type Effort string

// The efforts, least first. A model that cannot do one does the next that it can.
const (
	EffortNone    Effort = "none"
	EffortMinimal Effort = "minimal"
	EffortLow     Effort = "low"
	EffortMedium  Effort = "medium"
	EffortHigh    Effort = "high"
	EffortMax     Effort = "xhigh"
)

// Tool is a function that the model may ask the client to call.
type Tool struct {
	Name, Description string
	// Parameters are the JSON schema of the arguments; empty if the function takes none.
	Parameters json.RawMessage
	// Strict asks for arguments that keep to the schema.
	Strict bool
}

// ToolMode says whether the model calls tools.
type ToolMode string

const (
	// ToolsAuto leaves it to the model.
	ToolsAuto ToolMode = ""
	// ToolsNone forbids calls.
	ToolsNone ToolMode = "none"
	// ToolsRequired asks for at least one call.
	ToolsRequired ToolMode = "required"
)

// ToolChoice says which tools the model calls.
type ToolChoice struct {
	Mode ToolMode
	// Names are the only tools that may be called; empty for all.
	Names []string
	// One asks for at most one call in an answer.
	One bool
}

// Format is the form of the answer's text.
type Format struct {
	// JSON asks for a JSON value, Schema for one that keeps to a JSON schema.
	JSON   bool
	Schema json.RawMessage
	// Name is the schema's, Strict asks to keep to it exactly.
	Name   string
	Strict bool
}

// Request is a conversation to continue.
type Request struct {
	// System is the system instruction; empty for none.
	System string
	// Messages are in order. Without any, there is a System.
	Messages   []Message
	Tools      []Tool
	ToolChoice ToolChoice
	Format     Format
	Options    Options
}

// Prompt returns the text of the last message; the system instruction without messages.
func (r Request) Prompt() string {
	if len(r.Messages) == 0 {
		return r.System
	}
	return r.Messages[len(r.Messages)-1].Text()
}

// Answer is a reply. After a failed call it holds the text, the tool calls and the usage until then.
type Answer struct {
	Text      string
	ToolCalls []ToolCall
	Usage     Usage
	// Finish is empty if the answer did not come to an end.
	Finish Finish
}

// Delta is what a model has added to its answer: text, or a part of a tool call.
type Delta struct {
	Text     string
	ToolCall *ToolCallDelta
}

// ToolCallDelta is a part of a tool call. The first part of a call has its ID and Name; the Arguments of all are joined.
type ToolCallDelta struct {
	// Index counts the answer's calls from 0.
	Index               int
	ID, Name, Arguments string
	// Signature comes with the ID, if there is one.
	Signature []byte
}

// Model answers conversations. Implementations are safe for concurrent use.
type Model interface {
	// Name returns the configured name of the model, the value of the model label.
	Name() string
	// Generate returns the complete answer to r. It passes each part of the answer to emit as it arrives, unless emit is
	// nil; an error of emit ends the call as cancelled. The error is an *Error, with what is known of the answer.
	Generate(ctx context.Context, r Request, emit func(Delta) error) (Answer, error)
}

// EmbeddingRequest asks for a vector for each text.
type EmbeddingRequest struct {
	Texts []string
	// Dimensions is the length of the vectors; nil for the model's own.
	Dimensions *int
}

// Embeddings are the vectors of a request's texts, in order.
type Embeddings struct {
	Vectors [][]float32
	Usage   Usage
}

// Embedder makes vectors of texts. Implementations are safe for concurrent use.
type Embedder interface {
	// Name returns the configured name of the model, the value of the model label.
	Name() string
	// Embed returns a vector for each text. The error is an *Error.
	Embed(ctx context.Context, r EmbeddingRequest) (Embeddings, error)
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
