package logs

import (
	"context"
	"log/slog"
	"time"
)

// Messages of the events. In log files they identify the event.
const (
	RequestCompletedMessage = "Request completed"
	RequestFailedMessage    = "Request failed"
	CallSucceededMessage    = "AI model call successful"
	CallFailedMessage       = "AI model call failed"
)

// Names of the events' fields.
const (
	MethodKey           = "method"
	EndpointKey         = "endpoint"
	StatusKey           = "status"
	ClientKey           = "client"
	DurationKey         = "duration"
	ModelKey            = "model"
	PromptLengthKey     = "prompt_length"
	ResponseLengthKey   = "response_length"
	TokensKey           = "tokens"
	PromptTokensKey     = "prompt" // in tokens
	CompletionTokensKey = "completion"
	UsageSourceKey      = "usage_source"
	ErrorKey            = "error"
	ErrorTypeKey        = "error_type"
)

// Request is the event of a request that has been answered. It is logged as the value of an attribute without a name, so
// its fields are the line's, and package stats receives it as a value.
type Request struct {
	Method, Endpoint string
	Status           int
	Duration         time.Duration
	Client           string // name of the client's key; empty without keys
	// ErrorType and Error are empty for a success.
	ErrorType, Error string
}

// Log logs the event.
func (q Request) Log(ctx context.Context, logger *slog.Logger, level slog.Level) {
	switch {
	case !logger.Enabled(ctx, level): // most requests of some assistants are probes
	case q.ErrorType != "":
		logger.LogAttrs(ctx, level, RequestFailedMessage, slog.Any("", q))
	default:
		logger.LogAttrs(ctx, level, RequestCompletedMessage, slog.Any("", q))
	}
}

// LogValue returns the fields of the log line.
func (q Request) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.String(MethodKey, q.Method), slog.String(EndpointKey, q.Endpoint), slog.Int(StatusKey, q.Status),
		slog.Duration(DurationKey, q.Duration),
	}
	if q.Client != "" {
		attrs = append(attrs, slog.String(ClientKey, q.Client))
	}
	return withError(attrs, q.ErrorType, q.Error)
}

// Call is the event of a model call that has ended. It holds lengths and tokens, never a text. If it failed, its request
// fails with the same error type: one error with two events.
type Call struct {
	Model string
	// PromptLength and ResponseLength are in characters.
	PromptLength, ResponseLength   int
	PromptTokens, CompletionTokens int
	UsageSource                    string
	Duration                       time.Duration
	// ErrorType and Error are empty for a success.
	ErrorType, Error string
}

// Log logs the event.
func (c Call) Log(ctx context.Context, logger *slog.Logger, level slog.Level) {
	if c.ErrorType != "" {
		logger.LogAttrs(ctx, level, CallFailedMessage, slog.Any("", c))
		return
	}
	logger.LogAttrs(ctx, level, CallSucceededMessage, slog.Any("", c))
}

// LogValue returns the fields of the log line.
func (c Call) LogValue() slog.Value {
	return withError([]slog.Attr{
		slog.String(ModelKey, c.Model),
		slog.Int(PromptLengthKey, c.PromptLength),
		slog.Int(ResponseLengthKey, c.ResponseLength),
		slog.Group(TokensKey, slog.Int(PromptTokensKey, c.PromptTokens), slog.Int(CompletionTokensKey, c.CompletionTokens)),
		slog.String(UsageSourceKey, c.UsageSource),
		slog.Duration(DurationKey, c.Duration),
	}, c.ErrorType, c.Error)
}

// withError returns the fields of an event, including those of its error.
func withError(attrs []slog.Attr, errorType, text string) slog.Value {
	if errorType != "" {
		attrs = append(attrs, slog.String(ErrorTypeKey, errorType), slog.String(ErrorKey, text))
	}
	return slog.GroupValue(attrs...)
}
