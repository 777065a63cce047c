package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

const (
	// lateFactor is how many times the limit is waited, to tell what is late from what is lost.
	lateFactor = 4
	// settleFactor is how many times the limit everything may take to be in order before the first fault, and between two.
	settleFactor = 8
	// checkPause is the pause between two checks, most of which take some milliseconds: the cluster under trial needs the
	// machine.
	checkPause = time.Second
)

// try has one fault happen and watches what becomes of it. After a problem, no later fault can be tested.
func (r *harness) try(ctx context.Context, f fault) result {
	res := result{fault: f.name}
	if f.where == onNode && r.assistant == "" {
		res.skipped = "needs a node"
		return res
	}
	if r.assistant != "" {
		if err := r.controllersAsPods(ctx, f.where != behindProxy); err != nil {
			res.problem = err
			return res
		}
	}
	r.changes, r.allowance = 0, 0
	r.steps.Say("%s", f.name)
	times, over, err := f.do(ctx, r)
	var skipped errSkipped
	if errors.As(err, &skipped) {
		res.skipped = skipped.Error()
		return res
	}
	res.times, res.problem, res.limit = times, err, r.o.limit+r.allowance
	if err == nil {
		res.writing = time.Since(over)
		r.recover(ctx, over, &res)
	}
	res.thresholds, res.changes = len(r.names), r.changes
	if res.problem == nil {
		if res.problem = r.waitSettled(ctx, f.also); res.problem == nil {
			res.leak = r.noLeaks(ctx)
		}
	}
	if err := res.verdict(); err != nil {
		r.steps.Say("  FAILED %v", err)
	} else {
		r.steps.Say("  recovered in %s, of which %s were still being written in", seconds(res.took), seconds(res.writing))
	}
	return res
}

// recover checks until all is in order, and notes how long after the fault that was, or what was not.
func (r *harness) recover(ctx context.Context, over time.Time, res *result) {
	for {
		seen, violations, err := r.check(ctx)
		res.took = seen.Sub(over)
		if err == nil && len(violations) == 0 {
			return
		}
		if res.took > lateFactor*r.o.limit+r.allowance || ctx.Err() != nil {
			res.lost, res.duplicates, res.untold = count(violations, lost), count(violations, duplicate), count(violations, untold)
			res.problem = errors.Join(err, firstError(violations))
			return
		}
		select {
		case <-ctx.Done():
		case <-time.After(checkPause):
		}
	}
}

// firstError is the first of the violations as an error: one shows what kind they are.
func firstError(violations []violation) error {
	if len(violations) == 0 {
		return nil
	}
	return fmt.Errorf("%s, and %d more", violations[0], len(violations)-1)
}

// waitSettled puts back what the fault has left, and returns when all replicas are ready and all is in order, and what else has to
// hold; nil is for nothing.
func (r *harness) waitSettled(ctx context.Context, also func(context.Context, *harness) error) error {
	if r.afterwards != nil {
		if err := r.afterwards(ctx); err != nil {
			return err
		}
		r.afterwards = nil
	}
	return cluster.Poll(ctx, settleFactor*r.o.limit, func(ctx context.Context) error {
		if r.onPods {
			if err := r.unstick(ctx); err != nil {
				return err
			}
		}
		if also != nil {
			if err := also(ctx, r); err != nil {
				return err
			}
		}
		_, violations, err := r.check(ctx)
		return errors.Join(err, firstError(violations), r.ready(ctx))
	})
}

// noLeaks returns nil when the controllers cost no more than at the start. What is only not given back yet may be, for a
// while.
func (r *harness) noLeaks(ctx context.Context) error {
	return cluster.Poll(ctx, r.o.limit, func(ctx context.Context) error {
		now, err := r.load(ctx)
		if err != nil {
			return err
		}
		if err := leaks(r.start, now, r.changes, len(r.names)); err != nil {
			return err
		}
		r.start.events = now.events // each fault pays for its own
		return nil
	})
}
