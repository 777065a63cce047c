package main

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// workers are the users: enough that those who wait for a model that stalls do not hold up the rest.
const workers = 120

// drive makes all requests at a steady rate, and returns the users who made them.
func drive(ctx context.Context, o options, url string, g *gemini, p *callMatcher, t *counters) []*worker {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	due, choose := make(chan int), chooser(scenarios())
	var users []*worker
	var running sync.WaitGroup
	for n := range workers {
		w := newWorker(n, url, g, p, t, client)
		users = append(users, w)
		running.Go(func() {
			for n := range due {
				w.run(ctx, n, choose(n))
			}
		})
	}
	start, pace := time.Now(), o.duration/time.Duration(o.requests)
	for n := 0; n < o.requests && ctx.Err() == nil; n++ {
		time.Sleep(time.Until(start.Add(time.Duration(n) * pace)))
		due <- n
	}
	close(due)
	running.Wait()
	return users
}

// chooser returns what the nth request is: first each scenario once, then each as often as it says.
func chooser(all []scenario) func(n int) scenario {
	var weighted []scenario
	for _, w := range all {
		for range w.weight {
			weighted = append(weighted, w)
		}
	}
	return func(n int) scenario {
		if n < len(all) {
			return all[n]
		}
		return weighted[draws(1, n).IntN(len(weighted))]
	}
}

// draws are the nth request's own, so that a run can be repeated.
func draws(what uint64, n int) *rand.Rand {
	return rand.New(rand.NewPCG(what, uint64(n))) //nolint:gosec // G115: no request has a negative number
}
