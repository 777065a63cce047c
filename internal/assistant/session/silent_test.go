package session

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// silent is a server that takes connections and never answers, as a Redis behind a broken network.
func silent(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		var taken []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			taken = append(taken, c)
		}
		for _, c := range taken {
			c.Close()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return l.Addr().String()
}

// TestARedisThatNeverAnswersIsGivenUp: without bounds, this test would never end.
func TestARedisThatNeverAnswersIsGivenUp(t *testing.T) {
	store, err := NewRedis(Address{URL: "redis://:hunter2@" + silent(t)}, DefaultLimits(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	store.timeout = 20 * time.Millisecond
	ctx, hello := context.Background(), assistant.NewText(assistant.RoleUser, "hello")
	for name, do := range map[string]func() error{
		"History": func() error { _, err := store.History(ctx, "a"); return err },
		"Append":  func() error { return store.Append(ctx, "a", hello) },
		"Delete":  func() error { return store.Delete(ctx, "a") },
		"Active":  func() error { _, err := store.Active(ctx); return err },
	} {
		if err := do(); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s = %v, want that the time is over", name, err)
		}
	}

	counted := 0
	degraded := NewDegradedStore(store, func(string) { counted++ }, slog.New(slog.DiscardHandler))
	if history, err := degraded.History(ctx, "a"); history != nil || err != nil {
		t.Errorf("tolerant History = %v, %v; want none and no error", history, err)
	}
	if err := degraded.Append(ctx, "a", hello); err != nil || counted != 2 {
		t.Errorf("tolerant Append = %v, %d counted; want none and 2", err, counted)
	}
}
