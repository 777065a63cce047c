// Package stats makes statistics of log lines: the source document's errors, requests and model calls, and its advice.
// The same code serves a running assistant, whose lines it sees as they are logged, and files of lines. It is pure but
// for Handler, which listens to a logger, and Window.Follow, which listens to the system's readings.
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
	Message string
	Fields
}

// Fields are those of a line's fields that are counted, or shown of an error.
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
	// Tokens are those of an answer. The source document estimates them, so that they need not be whole.
	PromptTokens, CompletionTokens float64
}

// Names of fields in a line, beside those that every line may carry.
const (
	MethodKey    = "method"
	EndpointKey  = "endpoint"
	ModelKey     = "model"
	ErrorTypeKey = "error_type"
	ErrorKey     = "error"
	StatusKey    = "status"
	DurationKey  = "duration"
	TokensKey    = "tokens"
)

// text is the field of that name, nil if there is none that is a text.
func (f *Fields) text(name string) *string {
	switch name {
	case logs.RequestIDKey:
		return &f.RequestID
	case MethodKey:
		return &f.Method
	case EndpointKey:
		return &f.Endpoint
	case ModelKey:
		return &f.Model
	case ErrorTypeKey:
		return &f.ErrorType
	case ErrorKey:
		return &f.Error
	default:
		return nil
	}
}

// SetDuration sets the duration, unless it cannot be one.
func (f *Fields) SetDuration(d time.Duration) {
	f.Duration, f.HasDuration = 0, false
	if d >= 0 && d <= MaxDuration {
		f.Duration, f.HasDuration = d, true
	}
}

// isError says whether the line counts as an error.
func isError(e *Entry) bool { return e.Level >= slog.LevelError }

// Messages of model calls, the source document's.
const (
	callSucceeded = "AI model call successful"
	callFailed    = "AI model call failed"
)

// MaxDuration is the longest time that is believed: a line that claims more has none.
const MaxDuration = 24 * time.Hour

// isRequest says whether a line tells the end of a request, as the source document has it: by its message.
func isRequest(message string) bool {
	switch message {
	case "Request completed", "Request failed": // ours: no need to search
		return true
	case callSucceeded, callFailed:
		return false
	}
	const word = "request"
	for i := 0; i+len(word) <= len(message); i++ {
		if message[i]|0x20 == 'r' && strings.EqualFold(message[i:i+len(word)], word) {
			return true
		}
	}
	return false
}
