package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// fatalError ends a poll: waiting longer would not help.
type fatalError struct{ error }

// Poll calls f every quarter second until it returns nil or the limit is over; then its last error tells what is missing.
func Poll(ctx context.Context, limit time.Duration, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	var last error
	for {
		err := f(ctx)
		var fatal *fatalError
		switch {
		case err == nil:
			return nil
		case errors.As(err, &fatal):
			return fatal.error
		case ctx.Err() == nil || last == nil:
			last = err // an error of the deadline itself would hide what was missing
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s: %w (%w)", limit, last, context.Cause(ctx))
		case <-time.After(250 * time.Millisecond):
		}
	}
}
