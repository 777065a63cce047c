package httpapi

import (
	"context"
	"sync"
	"time"
)

// signOfLife is a comment that clients ignore, but proxies and their timeouts do not.
const signOfLife = ": waiting\n\n"

// keepAlive sends a sign of life whenever nothing was sent for an interval, until ctx ends or stop is called. Stop waits
// for the last one. Without an interval there are none.
func (s *stream) keepAlive(ctx context.Context, interval time.Duration) (stop func()) {
	if interval <= 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	running.Go(func() {
		timer := time.NewTimer(interval)
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
				timer.Reset(s.showLife(ctx, interval))
			}
		}
	})
	return func() {
		cancel()
		running.Wait()
	}
}

// showLife sends a sign of life if one is due, and returns when to look again.
func (s *stream) showLife(ctx context.Context, interval time.Duration) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if wait := interval - time.Since(s.sent); wait > 0 {
		return wait
	}
	if ctx.Err() == nil {
		_ = s.write([]byte(signOfLife)) // the model's next part meets the client that left
	}
	return interval
}
