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
func (s *DegradedStore) History(ctx context.Context, id string) ([]assistant.Message, error) {
	var history []assistant.Message
	err := s.try(ctx, metric.OperationHistory, func() (err error) {
		history, err = s.store.History(ctx, id)
		return err
	})
	if err != nil {
		return nil, ctx.Err()
	}
	return history, nil
}

// Append adds messages, or drops them while the store fails. Its only error is that of ctx.
func (s *DegradedStore) Append(ctx context.Context, id string, messages ...assistant.Message) error {
	err := s.try(ctx, metric.OperationAppend, func() error { return s.store.Append(ctx, id, messages...) })
	if err != nil {
		return ctx.Err()
	}
	return nil
}

// Delete deletes a session. It fails if the store does: a client must not be told that a session is deleted when it is not.
// It always asks the store, and is no part of an outage.
func (s *DegradedStore) Delete(ctx context.Context, id string) error {
	err := s.store.Delete(ctx, id)
	if err != nil && ctx.Err() == nil {
		s.onFailure(metric.OperationDelete)
	}
	return err
}

// Active returns the number of sessions. It fails while the store does: a gap in the graph is true, a zero is not.
func (s *DegradedStore) Active(ctx context.Context) (int, error) {
	var n int
	err := s.try(ctx, metric.OperationActive, func() (err error) {
		n, err = s.store.Active(ctx)
		return err
	})
	return n, err
}

// try runs an operation of the store, unless it must not be retried yet, and records its outcome.
func (s *DegradedStore) try(ctx context.Context, operation string, do func() error) error {
	allowed, again := s.allow(operation)
	err := ErrUnavailable
	if allowed {
		err = do()
	}
	switch {
	case err == nil:
		if again {
			s.recordSuccess(ctx, operation)
		}
		return nil
	case ctx.Err() != nil:
		return err // the caller went away: that says nothing about the store
	case errors.Is(err, errCorrupt):
		s.logger.WarnContext(ctx, "Session store holds a session that cannot be read", "operation", operation)
	default:
		s.recordFailure(ctx, operation, err)
	}
	s.onFailure(operation)
	return err
}

// allow reports whether the operation may run: always while it works, once per RetryInterval while it fails. again means
// that it failed before.
func (s *DegradedStore) allow(operation string) (allowed, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	retry, failing := s.retryAt[operation]
	if !failing {
		return true, false
	}
	now := s.now()
	if now.Before(retry) {
		return false, false
	}
	s.retryAt[operation] = now.Add(RetryInterval)
	return true, true
}

func (s *DegradedStore) recordFailure(ctx context.Context, operation string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.retryAt) == 0 {
		s.outageStart, s.operationsLost = s.now(), 0
		s.logger.ErrorContext(ctx, "Session store failed; conversations go on without history",
			"operation", operation, "error", err.Error())
	}
	s.operationsLost++
	if _, failing := s.retryAt[operation]; !failing {
		s.retryAt[operation] = s.now().Add(RetryInterval)
	}
}

func (s *DegradedStore) recordSuccess(ctx context.Context, operation string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.retryAt, operation)
	if len(s.retryAt) == 0 && !s.outageStart.IsZero() {
		s.logger.InfoContext(ctx, "Session store is back", "outage", s.now().Sub(s.outageStart), "operations_lost", s.operationsLost)
		s.outageStart = time.Time{}
	}
}
