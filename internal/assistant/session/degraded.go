package session

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Pause is how long an operation that failed is left alone: an outage costs one request a Pause a timeout, not each.
const RetryInterval = time.Second

// ErrUnavailable ends what cannot go on without the store.
var ErrUnavailable = errors.New("the session store is unavailable")

// Tolerant is a store that may fail, of a chat that may not: while the wrapped store fails, a chat has no history and
// is not remembered. To delete and to count cannot be pretended: those fail. Every operation not served is counted. An
// outage, from the first operation that fails until all work again, is one line in the log and its end another.
type DegradedStore struct {
	store     assistant.Store
	onFailure func(operation string)
	logger    *slog.Logger
	now       func() time.Time

	mu             sync.Mutex
	retryAt        map[string]time.Time // by operation that fails, when it is tried again: a full Redis still reads
	outageStart    time.Time            // the outage's first failure
	operationsLost int                  // operations not served in the outage
}

var _ assistant.Store = (*DegradedStore)(nil)

// NewTolerant wraps store. failed is called for every operation that was not served, with one of
// metric.StoreOperations.
func NewDegradedStore(store assistant.Store, failed func(operation string), logger *slog.Logger) *DegradedStore {
	return &DegradedStore{store: store, onFailure: failed, logger: logger, now: time.Now, retryAt: map[string]time.Time{}}
}

// History returns the session's messages, none while the store fails. Its error is only ever that of ctx.
func (t *DegradedStore) History(ctx context.Context, id string) ([]assistant.Message, error) {
	var history []assistant.Message
	err := t.try(ctx, metric.OperationHistory, func() (err error) {
		history, err = t.store.History(ctx, id)
		return err
	})
	if err != nil {
		return nil, ctx.Err()
	}
	return history, nil
}

// Append adds messages, or forgets them while the store fails. Its error is only ever that of ctx.
func (t *DegradedStore) Append(ctx context.Context, id string, messages ...assistant.Message) error {
	err := t.try(ctx, metric.OperationAppend, func() error { return t.store.Append(ctx, id, messages...) })
	if err != nil {
		return ctx.Err()
	}
	return nil
}

// Delete forgets a session. It fails where the store does: nobody is told that something is gone which is not. It asks
// the store in an outage too, and is no part of one: its error reaches whoever asked.
func (t *DegradedStore) Delete(ctx context.Context, id string) error {
	err := t.store.Delete(ctx, id)
	if err != nil && ctx.Err() == nil {
		t.onFailure(metric.OperationDelete)
	}
	return err
}

// Active is the number of sessions that have not expired. It fails while the store does: a gap is true, a zero is not.
func (t *DegradedStore) Active(ctx context.Context) (int, error) {
	var n int
	err := t.try(ctx, metric.OperationActive, func() (err error) {
		n, err = t.store.Active(ctx)
		return err
	})
	return n, err
}

// try does an operation of the store, unless that is left alone for now, and notes how it went.
func (t *DegradedStore) try(ctx context.Context, operation string, do func() error) error {
	allowed, again := t.allow(operation)
	err := ErrUnavailable
	if allowed {
		err = do()
	}
	switch {
	case err == nil:
		if again {
			t.recordSuccess(ctx, operation)
		}
		return nil
	case ctx.Err() != nil:
		return err // whoever asked went away: that says nothing about the store
	case errors.Is(err, errCorrupt):
		t.logger.WarnContext(ctx, "Session store holds a session that cannot be read", "operation", operation)
	default:
		t.recordFailure(ctx, operation, err)
	}
	t.onFailure(operation)
	return err
}

// mayTry reports whether the store may be asked, always while the operation works and once a Pause while it fails, and
// whether it is asked again after a failure.
func (t *DegradedStore) allow(operation string) (allowed, again bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	retry, failing := t.retryAt[operation]
	if !failing {
		return true, false
	}
	now := t.now()
	if now.Before(retry) {
		return false, false
	}
	t.retryAt[operation] = now.Add(RetryInterval)
	return true, true
}

func (t *DegradedStore) recordFailure(ctx context.Context, operation string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.retryAt) == 0 {
		t.outageStart, t.operationsLost = t.now(), 0
		t.logger.ErrorContext(ctx, "Session store failed; conversations go on without history",
			"operation", operation, "error", err.Error())
	}
	t.operationsLost++
	if _, failing := t.retryAt[operation]; !failing {
		t.retryAt[operation] = t.now().Add(RetryInterval)
	}
}

func (t *DegradedStore) recordSuccess(ctx context.Context, operation string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.retryAt, operation)
	if len(t.retryAt) == 0 && !t.outageStart.IsZero() {
		t.logger.InfoContext(ctx, "Session store is back", "outage", t.now().Sub(t.outageStart), "operations_lost", t.operationsLost)
		t.outageStart = time.Time{}
	}
}
