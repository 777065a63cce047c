package main

import (
	"errors"
	"fmt"
)

// load is what the controller costs the cluster at one time.
type load struct {
	// memory (resident, in bytes) and goroutines are those of the replica that has most.
	memory, goroutines float64
	// leases and secrets are those of the controller's namespace, events those that it has told of.
	leases, secrets, events int
}

const (
	// memoryGrowth and memorySlack bound the memory: so many times that of the start, and so many bytes more.
	memoryGrowth = 1.5
	memorySlack  = 64 << 20
	// goroutineSlack is by how many connections and timers may vary.
	goroutineSlack = 60
	// eventsEach is the most events that one change to a threshold or its rule may cause: what went wrong, that it came
	// right, and the same from the replica that took over. Every threshold may have two besides, when Prometheus goes and
	// comes back.
	eventsEach, eventsAway = 4, 2
)

// leaks says what has grown from before to now, when so many changes were made to so many thresholds between.
func leaks(before, now load, changes, thresholds int) error {
	var errs []error
	if limit := memoryGrowth*before.memory + memorySlack; now.memory > limit {
		errs = append(errs, fmt.Errorf("the controller has %.0f MiB, more than %.0f", now.memory/(1<<20), limit/(1<<20)))
	}
	if limit := before.goroutines + goroutineSlack; now.goroutines > limit {
		errs = append(errs, fmt.Errorf("the controller has %.0f goroutines, more than %.0f", now.goroutines, limit))
	}
	if now.leases > before.leases {
		errs = append(errs, fmt.Errorf("there are %d leases, %d at the start", now.leases, before.leases))
	}
	if now.secrets > before.secrets {
		errs = append(errs, fmt.Errorf("there are %d secrets, %d at the start", now.secrets, before.secrets))
	}
	if limit := before.events + eventsEach*changes + eventsAway*thresholds; now.events > limit {
		errs = append(errs, fmt.Errorf("there are %d events, more than %d", now.events, limit))
	}
	return errors.Join(errs...)
}
