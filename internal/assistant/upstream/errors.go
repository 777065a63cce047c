package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// ErrCallerStopped is the error of a call whose caller takes no more of its answer.
var ErrCallerStopped = errors.New("the caller stopped the answer")

// Interrupted returns the error of a call that came to no end: its context ended, its caller stopped it, or its
// connection failed. It returns nil if none of these happened. It says nothing of what was sent.
func (c *Call) Interrupted(ctx context.Context, err error) *assistant.Error {
	var network net.Error
	cause := context.Cause(ctx)
	switch {
	case errors.Is(err, ErrCallerStopped):
		return &assistant.Error{Kind: assistant.KindCancelled, Err: ErrCallerStopped}
	case errors.Is(cause, errSilent):
		return &assistant.Error{Kind: assistant.KindTimeout, Err: fmt.Errorf("%w: %v", errSilent, c.silence)}
	case errors.Is(cause, context.DeadlineExceeded):
		return &assistant.Error{Kind: assistant.KindTimeout, Err: context.DeadlineExceeded}
	case cause != nil:
		return &assistant.Error{Kind: assistant.KindCancelled, Err: context.Canceled}
	case c.readErr != nil && c.Started:
		return &assistant.Error{Kind: assistant.KindTruncated, Err: errors.New("the connection broke within the answer")}
	case c.readErr != nil, c.Status == 0 && errors.As(err, &network), c.Status == 0 && err != nil:
		return &assistant.Error{Kind: assistant.KindUnavailable, Err: errors.New("the connection failed" + networkCause(err))}
	default:
		return nil
	}
}

// networkCause names a network failure by its operation and system error, which hold no text of a conversation.
func networkCause(err error) string {
	var op *net.OpError
	var errno syscall.Errno
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return ": the host's name was not resolved"
	case errors.As(err, &errno):
		return ": " + errno.Error()
	case errors.As(err, &op):
		return ": " + op.Op
	default:
		return ""
	}
}

// KindOf returns the kind of an HTTP error by its status alone.
func KindOf(status int) assistant.Kind {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return assistant.KindAuth
	case status == http.StatusPaymentRequired:
		return assistant.KindPrecondition
	case status == http.StatusTooManyRequests:
		return assistant.KindQuota
	case status == http.StatusNotFound, status == http.StatusGone:
		return assistant.KindNotFound
	case status == http.StatusRequestEntityTooLarge:
		return assistant.KindContextLength
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return assistant.KindInvalid
	case status == http.StatusGatewayTimeout, status == http.StatusRequestTimeout:
		return assistant.KindTimeout
	case status >= http.StatusInternalServerError:
		return assistant.KindUnavailable
	default:
		return assistant.KindUnknown
	}
}

// RetryAfter returns the delay that a response's header asks for; 0 if none (RFC 9110, section 10.2.3).
func RetryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return max(0, time.Duration(min(seconds, maxRetryAfter.Seconds())*float64(time.Second)))
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, at.Sub(now)), maxRetryAfter)
	}
	return 0
}

// maxRetryAfter bounds what a vendor may ask for: a day's quota is back after a day.
const maxRetryAfter = 24 * time.Hour
