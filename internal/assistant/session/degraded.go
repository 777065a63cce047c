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

// RetryInterval is how long a failed operation is not retried: an outage costs one timeout per interval, not one per request.
const RetryInterval = time.Second

// ErrUnavailable is returned while a failed operation is not retried.
var ErrUnavailable = errors.New("the session store is unavailable")

// DegradedStore keeps chats working while the wrapped store fails: they have no history and are not stored. Delete and
// Active fail. Every failed operation is counted. The log has one line for the start of an outage, which is the first
// operation that fails, and one for its end, when all work again.
type DegradedStore struct {
	store     assistant.Store
	onFailure func(operation string)
	logger    *slog.Logger
	now       func() time.Time

	mu             sync.Mutex
	retryAt        map[string]time.Time // by failing operation: a full Redis still reads
	outageStart    time.Time
	operationsLost int // since outageStart
}

var _ assistant.Store = (*DegradedStore)(nil)

// NewDegradedStore wraps store. It calls onFailure for every operation that was not served, with one of
// metric.StoreOperations.
func NewDegradedStore(store assistant.Store, onFailure func(operation string), logger *slog.Logger) *DegradedStore {
	return &DegradedStore{store: store, onFailure: onFailure, logger: logger, now: time.Now, retryAt: map[string]time.Time{}}
}

// History returns the session's messages, none while the store fails. Its only error is that of ctx.
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

// Append adds messages, or drops them while the store fails. Its only error is that of ctx.
func (t *DegradedStore) Append(ctx context.Context, id string, messages ...assistant.Message) error {
	err := t.try(ctx, metric.OperationAppend, func() error { return t.store.Append(ctx, id, messages...) })
	if err != nil {
		return ctx.Err()
	}
	return nil
}

// Delete deletes a session. It fails if the store does: nobody is told that something is deleted that is not. It always
// asks the store, and is no part of an outage.
func (t *DegradedStore) Delete(ctx context.Context, id string) error {
	err := t.store.Delete(ctx, id)
	if err != nil && ctx.Err() == nil {
		t.onFailure(metric.OperationDelete)
	}
	return err
}

// Active returns the number of sessions. It fails while the store does: a gap in the graph is true, a zero is not.
func (t *DegradedStore) Active(ctx context.Context) (int, error) {
	var n int
	err := t.try(ctx, metric.OperationActive, func() (err error) {
		n, err = t.store.Active(ctx)
		return err
	})
	return n, err
}

// try runs an operation of the store, unless it must not be retried yet, and records its outcome.
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
		return err // the caller went away: that says nothing about the store
	case errors.Is(err, errCorrupt):
		t.logger.WarnContext(ctx, "Session store holds a session that cannot be read", "operation", operation)
	default:
		t.recordFailure(ctx, operation, err)
	}
	t.onFailure(operation)
	return err
}

// allow reports whether the operation may run: always while it works, once per RetryInterval while it fails. again means
// that it failed before.
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
