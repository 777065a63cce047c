package httpapi

import (
	"math"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Rate limits how often a client may send requests; without client keys, all clients together.
type Rate struct {
	// PerSecond is the average rate in requests; 0 for no limit.
	PerSecond float64
	// Burst is the number of requests allowed at once; 0 for those of a second, at least one.
	Burst int
}

// maxRetryAfter bounds the Retry-After of a client with a very small rate.
const maxRetryAfter = time.Hour

// limiter holds a bucket for each client. Clients come from the key file only, so their number is bounded.
type limiter struct {
	limit rate.Limit
	burst int
	now   func() time.Time

	mu      sync.Mutex
	buckets map[string]*rate.Limiter
}

// newLimiter returns nil for no limit.
func newLimiter(r Rate) *limiter {
	if r.PerSecond <= 0 {
		return nil
	}
	if r.Burst <= 0 {
		r.Burst = int(math.Ceil(min(r.PerSecond, math.MaxInt32)))
	}
	return &limiter{
		limit: rate.Limit(r.PerSecond), burst: r.Burst, now: time.Now, buckets: map[string]*rate.Limiter{},
	}
}

// reserve returns 0 if the client may send a request now, else how long it has to wait.
func (l *limiter) reserve(client string) time.Duration {
	if l == nil {
		return 0
	}
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	bucket, ok := l.buckets[client]
	if !ok {
		bucket = rate.NewLimiter(l.limit, l.burst)
		l.buckets[client] = bucket
	}
	if bucket.AllowN(now, 1) {
		return 0
	}
	seconds := (1 - bucket.TokensAt(now)) / float64(l.limit)
	return max(time.Nanosecond, time.Duration(min(seconds, maxRetryAfter.Seconds())*float64(time.Second)))
}

func errRateLimited(retryAfter time.Duration) *httpError {
	return &httpError{
		status: http.StatusTooManyRequests, kind: kindRateLimited, code: "rate_limit_exceeded",
		retry: retryLater, retryAfter: retryAfter,
		message: "Too many requests; wait as long as the Retry-After header says, in seconds.",
	}
}
