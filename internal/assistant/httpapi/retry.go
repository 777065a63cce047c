package httpapi

import (
	"math"
	"net/http"
	"strconv"
	"time"
)

// retry says whether the same request may succeed later.
type retry int

const (
	retryUnsaid retry = iota // the status says it
	retryLater
	retryNever
)

// shouldRetryHeader is obeyed by OpenAI's clients, whatever the status.
const shouldRetryHeader = "X-Should-Retry"

// setRetry tells the client whether and when to try again.
func (a *API) setRetry(h http.Header, e *httpError) {
	switch e.retry {
	case retryNever:
		h.Set(shouldRetryHeader, "false")
		return
	case retryLater:
		h.Set(shouldRetryHeader, "true")
	}
	if e.retryAfter > 0 {
		seconds := math.Ceil(spread(e.retryAfter, a.random()).Seconds())
		h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
}

// spread adds up to half of a wait, or a second, so that clients do not come back together. Random is 0 to 1.
func spread(wait time.Duration, random float64) time.Duration {
	return wait + time.Duration(random*float64(max(wait/2, time.Second)))
}
