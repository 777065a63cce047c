package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// The pauses between two lookups of a model whose server does not answer.
const (
	firstLookupPause = time.Second
	maxLookupPause   = time.Minute
)

// lookups are what is known of the models since the start. It is safe for concurrent use.
type lookups struct {
	logger  *slog.Logger
	running sync.WaitGroup
	cancel  context.CancelFunc

	mu     sync.Mutex
	absent []string
}

// lookUpModels asks for each model in the background, until the server says whether it has it. It does not ask again: a
// model that is retired later must not take all replicas out of service at once, and its calls say it. Stop it before the
// client is closed.
func lookUpModels(ctx context.Context, client upstreamClient, names []string, logger *slog.Logger) *lookups {
	ctx, cancel := context.WithCancel(ctx)
	l := &lookups{logger: logger, cancel: cancel}
	for _, name := range names {
		l.running.Go(func() { l.lookUp(ctx, client, name) })
	}
	return l
}

// stop ends what is still being asked.
func (l *lookups) stop() {
	l.cancel()
	l.running.Wait()
}

func (l *lookups) lookUp(ctx context.Context, client upstreamClient, name string) {
	for pause := firstLookupPause; ; pause = min(2*pause, maxLookupPause) {
		err := client.Lookup(ctx, name)
		switch kind := assistant.KindOf(err); {
		case err == nil || ctx.Err() != nil:
			return
		case kind == assistant.KindNotFound:
			l.logger.ErrorContext(ctx, "Model does not exist, so the assistant is not ready; set --model to one that does", "model", name)
			l.mu.Lock()
			l.absent = append(l.absent, name)
			l.mu.Unlock()
			return
		case kind == assistant.KindAuth:
			l.logger.ErrorContext(ctx, "Looking up the model failed: the API key is refused", "model", name, "error", err.Error())
		case pause == firstLookupPause:
			l.logger.WarnContext(ctx, "Looking up the model failed; it is tried again", "model", name, "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// absentModels returns the names of the models that the server certainly does not have.
func (l *lookups) absentModels() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.absent)
}
