// Package stats computes statistics of log lines: errors, requests and model calls, and advice. The same code serves a
// running assistant, whose events it receives as values, and log files.
package stats

import (
	"log/slog"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// Entry is a log line as far as statistics need it. What a line lacks is the zero value.
type Entry struct {
	Time    time.Time
	Level   slog.Level
	Kind    Kind
	Message string
	Fields
}

// Fields are the fields of a line that are counted, or shown of an error.
type Fields struct {
	RequestID string
	Method    string
	Endpoint  string
	Model     string
	ErrorType string
	Error     string
	// Status is an HTTP code; 0 for none.
	Status int
	// Duration counts if HasDuration.
	Duration    time.Duration
	HasDuration bool
	// Tokens are those of a call, also of a failed one. An estimate in a file need not be whole.
	PromptTokens, CompletionTokens float64
}

// Kind says which event a line is.
type Kind uint8

const (
	// Other is a line that is no event.
	Other Kind = iota
	// RequestEnded is the end of a request, successful or not.
	RequestEnded
	// CallSucceeded is the end of a model call with an answer.
	CallSucceeded
	// CallFailed is the end of a failed model call.
	CallFailed
)

// Identify sets the kind of a line in a file. It returns false for another program's: one that has the message of an
// event, but not its endpoint or model. As in the source document, a line of an endpoint that mentions a request is the
// end of one.
func (e *Entry) Identify() bool {
	switch e.Message {
	case logs.RequestCompletedMessage, logs.RequestFailedMessage:
		e.Kind = RequestEnded
		return e.Endpoint != ""
	case logs.CallSucceededMessage:
		e.Kind = CallSucceeded
		return e.Model != ""
	case logs.CallFailedMessage:
		e.Kind = CallFailed
		return e.Model != ""
	}
	e.Kind = Other
	if e.Endpoint != "" && mentionsRequest(e.Message) {
		e.Kind = RequestEnded
	}
	return true
}

func mentionsRequest(message string) bool {
	const word = "request"
	for i := 0; i+len(word) <= len(message); i++ {
		if message[i]|0x20 == 'r' && strings.EqualFold(message[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// MaxDuration is the longest duration that is believed: a line that claims more has none.
const MaxDuration = 24 * time.Hour

// SetDuration sets the duration, unless it cannot be one.
func (f *Fields) SetDuration(d time.Duration) {
	f.Duration, f.HasDuration = 0, false
	if d >= 0 && d <= MaxDuration {
		f.Duration, f.HasDuration = d, true
	}
}
