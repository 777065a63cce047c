package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// fatalError ends a poll: waiting longer would not help.
type fatalError struct{ error }

// poll calls f every quarter second until it succeeds, fails for good, or the time is over; then the last error tells
// what was still missing.
func poll(ctx context.Context, limit time.Duration, f func() error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		err := f()
		var fatal *fatalError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &fatal):
			return fatal.error
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s: %w (%w)", limit, err, context.Cause(ctx))
		case <-time.After(250 * time.Millisecond):
		}
	}
}
