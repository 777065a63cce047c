package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"
	"sync/atomic"
	"time"
)

// progressEvery is the interval of the progress lines.
const progressEvery = 10 * time.Second

// sender sends the nth request and returns nil when it was answered with success.
type sender func(ctx context.Context, n int) error

// counts are what became of the requests that were due.
type counts struct{ answered, failed, skipped atomic.Int64 }

func (c *counts) summary(elapsed time.Duration) string {
	return fmt.Sprintf("%8s  %d answered, %d failed, %d skipped\n", elapsed.Round(time.Second), c.answered.Load(), c.failed.Load(), c.skipped.Load())
}

// drive sends requests at a steady rate until ctx ends or the duration has passed, and waits for those in flight. The
// rate does not follow the answers: a slow assistant is asked as often as a fast one, as users would, up to the most
// requests at once; those due beyond it are skipped, not saved up.
func drive(ctx context.Context, o options, ask sender, out io.Writer) (*counts, time.Duration) {
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	c, start := &counts{}, time.Now()
	var running sync.WaitGroup
	running.Go(func() { printProgress(ctx, c, start, out) })
	free := make(chan struct{}, o.concurrency)
	for n := range due(ctx, o.rate, start) {
		select {
		case free <- struct{}{}:
			running.Go(func() {
				if ask(ctx, n) == nil {
					c.answered.Add(1)
				} else {
					c.failed.Add(1)
				}
				<-free
			})
		default:
			c.skipped.Add(1)
		}
	}
	running.Wait()
	return c, time.Since(start)
}

// due yields the numbers of requests when they are due: the nth at n/rate seconds after start, until ctx ends.
func due(ctx context.Context, rate float64, start time.Time) iter.Seq[int] {
	return func(yield func(int) bool) {
		next := time.NewTimer(0)
		defer next.Stop()
		for n := 0; ; n++ {
			next.Reset(time.Until(start.Add(time.Duration(float64(n) / rate * float64(time.Second)))))
			select {
			case <-ctx.Done():
				return
			case <-next.C:
			}
			if !yield(n) {
				return
			}
		}
	}
}

func printProgress(ctx context.Context, c *counts, start time.Time, out io.Writer) {
	t := time.NewTicker(progressEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			_, _ = io.WriteString(out, c.summary(time.Since(start)))
		}
	}
}
