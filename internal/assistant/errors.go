package assistant

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind names a cause of failure. The set is closed, since kinds are values of the error_type label.
type Kind string

// The kinds of error a model call can end in. Each says who can do something about it.
const (
	// KindQuota means that the vendor's rate or spending limit is exhausted, and the vendor does not say which.
	KindQuota Kind = "quota"
	// KindQuotaMinute means that the vendor's limit of requests or tokens per minute is exhausted: waiting helps.
	KindQuotaMinute Kind = "quota_minute"
	// KindQuotaDay means that the vendor's limit per day is exhausted, perhaps besides that per minute: only the next
	// day helps, or a greater limit.
	KindQuotaDay Kind = "quota_day"
	// KindBlocked means that the vendor's safety filter refused the prompt or the answer: another wording may help.
	KindBlocked Kind = "blocked"
	// KindTimeout means that no complete answer came in time, by our clock or the vendor's.
	KindTimeout Kind = "timeout"
	// KindTruncated means that the answer began and broke off: its stream ended before its finish reason. The text and
	// the tokens until then are known and paid for.
	KindTruncated Kind = "truncated"
	// KindUnavailable means that the vendor failed or could not be reached.
	KindUnavailable Kind = "unavailable"
	// KindNotFound means that the vendor does not know the configured model, or no longer: models are retired. Only the
	// operator can mend that.
	KindNotFound Kind = "not_found"
	// KindInvalid means that the vendor, or the API, found the request malformed or too long.
	KindInvalid Kind = "invalid"
	// KindCancelled means that whoever asked went away before the answer was complete.
	KindCancelled Kind = "cancelled"
	// KindAuth means that the vendor refused the API key. Only the operator can mend that.
	KindAuth Kind = "auth"
	// KindUnknown is every other failure, such as an answer that cannot be read or holds no text.
	KindUnknown Kind = "unknown"
)

// ModelKinds returns every kind a model call can end in.
func ModelKinds() []Kind {
	return []Kind{
		KindQuota, KindQuotaMinute, KindQuotaDay, KindBlocked, KindTimeout, KindTruncated, KindUnavailable,
		KindNotFound, KindInvalid, KindCancelled, KindAuth, KindUnknown,
	}
}

// Error is a failed model call. Its text is fit for a log: it holds no prompt, no answer and no key.
type Error struct {
	Kind Kind
	// RetryAfter is how long the vendor asks to wait before the next call; zero if it does not say.
	RetryAfter time.Duration
	Err        error
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Kind, e.Err) }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// KindOf returns the kind of a model call's error: that of the *Error in its chain, else what a context's end means,
// else KindUnknown.
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
