package main

import (
	"context"
	"io"
	"iter"
	"sync"
	"time"
)

// progressEvery is how often a run says that it lives.
const progressEvery = 10 * time.Second

// asker sends the nth request.
type asker func(ctx context.Context, n int) outcome

// drive sends requests at a steady rate until ctx ends or the duration has passed, and waits for those in flight. The
// rate does not follow the answers: a slow assistant is asked as often as a fast one, as users would, up to the most
// requests at once; those due beyond it are skipped, not saved up.
func drive(ctx context.Context, o options, ask asker, out io.Writer) (*report, time.Duration) {
	if o.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.duration)
		defer cancel()
	}
	r, start := newReport(), time.Now()
	var running sync.WaitGroup
	running.Go(func() { say(ctx, r, start, out) })
	free := make(chan struct{}, o.concurrency)
	for n := range due(ctx, o.rate, start) {
		select {
		case free <- struct{}{}:
			running.Go(func() {
				r.add(ask(ctx, n))
				<-free
			})
		default:
			r.skip(1)
		}
	}
	running.Wait()
	return r, time.Since(start)
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

func say(ctx context.Context, r *report, start time.Time, out io.Writer) {
	t := time.NewTicker(progressEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			_, _ = io.WriteString(out, r.progress(time.Since(start)))
		}
	}
}
