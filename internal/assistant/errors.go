package assistant

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind is the cause of a failure, a value of the error_type label. The set is closed.
type Kind string

// The kinds of error of a model call. Each says who can act on it.
const (
	// KindQuota means that a quota of the vendor is exhausted, and the vendor does not say which.
	KindQuota Kind = "quota"
	// KindQuotaMinute means that the vendor's quota per minute is exhausted: waiting helps.
	KindQuotaMinute Kind = "quota_minute"
	// KindQuotaDay means that the vendor's quota per day is exhausted: only the next day or a higher quota helps.
	KindQuotaDay Kind = "quota_day"
	// KindBlocked means that the vendor's safety filter blocked the prompt or the answer: another wording may help.
	KindBlocked Kind = "blocked"
	// KindTimeout means that no complete answer came in time, by our clock or the vendor's.
	KindTimeout Kind = "timeout"
	// KindTruncated means that the stream ended before its finish reason. The text and the tokens until then are known
	// and paid for.
	KindTruncated Kind = "truncated"
	// KindUnavailable means that the vendor failed or could not be reached.
	KindUnavailable Kind = "unavailable"
	// KindNotFound means that the vendor does not know the configured model: models are retired. Only the operator can
	// fix that.
	KindNotFound Kind = "not_found"
	// KindInvalid means that the request is malformed.
	KindInvalid Kind = "invalid"
	// KindContextLength means that the conversation is longer than the model can read: only a shorter one helps.
	KindContextLength Kind = "context_length"
	// KindPrecondition means that the vendor does not serve the account, for its location or its billing. Only the
	// operator can fix that.
	KindPrecondition Kind = "failed_precondition"
	// KindCancelled means that the client disconnected before the answer was complete.
	KindCancelled Kind = "cancelled"
	// KindAuth means that the vendor rejected the API key. Only the operator can fix that.
	KindAuth Kind = "auth"
	// KindUnknown is any other failure, such as an answer that cannot be read.
	KindUnknown Kind = "unknown"
)

// ModelKinds returns every kind of error of a model call.
func ModelKinds() []Kind {
	return []Kind{
		KindQuota, KindQuotaMinute, KindQuotaDay, KindBlocked, KindTimeout, KindTruncated, KindUnavailable,
		KindNotFound, KindInvalid, KindContextLength, KindPrecondition, KindCancelled, KindAuth, KindUnknown,
	}
}

// Error is a failed model call. Its text can be logged: it holds no prompt, no answer and no key.
type Error struct {
	Kind Kind
	// RetryAfter is how long the vendor asks to wait before the next call; 0 if it does not say.
	RetryAfter time.Duration
	Err        error
}

// NewError returns an error of that kind. The text must hold nothing that a client or a model said.
func NewError(kind Kind, text string) *Error { return &Error{Kind: kind, Err: errors.New(text)} }

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Kind, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of a model call's error. Without an *Error in its chain, the end of a context decides.
func KindOf(err error) Kind {
	var failed *Error
	switch {
	case errors.As(err, &failed):
		return failed.Kind
	case errors.Is(err, context.DeadlineExceeded):
		return KindTimeout
	case errors.Is(err, context.Canceled):
		return KindCancelled
	default:
		return KindUnknown
	}
}
