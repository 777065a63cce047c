package assistant

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Kind names a cause of failure. The set is closed, since kinds are values of the error_type label.
type Kind string

// The kinds of error a model call can end in.
const (
	// KindQuota means that the vendor's rate or spending limit is exhausted.
	KindQuota Kind = "quota"
	// KindBlocked means that the vendor's safety filter refused the prompt or the answer.
	KindBlocked Kind = "blocked"
	// KindTimeout means that no complete answer came in time.
	KindTimeout Kind = "timeout"
	// KindUnavailable means that the vendor failed, could not be reached, or broke off its answer.
	KindUnavailable Kind = "unavailable"
	// KindNotFound means that the vendor does not know the configured model.
	KindNotFound Kind = "not_found"
	// KindInvalid means that the vendor, or the API, found the request malformed or too long.
	KindInvalid Kind = "invalid"
	// KindCancelled means that whoever asked went away before the answer was complete.
	KindCancelled Kind = "cancelled"
	// KindAuth means that the vendor refused the API key.
	KindAuth Kind = "auth"
	// KindUnknown is every other failure.
	KindUnknown Kind = "unknown"
)

// ModelKinds returns every kind a model call can end in.
func ModelKinds() []Kind {
	return []Kind{
		KindQuota, KindBlocked, KindTimeout, KindUnavailable, KindNotFound,
		KindInvalid, KindCancelled, KindAuth, KindUnknown,
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
