package session

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// failingStore fails the operations in fails, and counts all calls.
type failingStore struct {
	assistant.Store
	fails map[string]error
	calls map[string]int
}

func (f *failingStore) count(operation string) error {
	f.calls[operation]++
	return f.fails[operation]
}

func (f *failingStore) History(ctx context.Context, id string) ([]assistant.Message, error) {
	if err := f.count(metric.OperationHistory); err != nil {
		return nil, err
	}
	return f.Store.History(ctx, id)
}

func (f *failingStore) Append(ctx context.Context, id string, messages ...assistant.Message) error {
	if err := f.count(metric.OperationAppend); err != nil {
		return err
	}
	return f.Store.Append(ctx, id, messages...)
}

func (f *failingStore) Delete(ctx context.Context, id string) error {
	if err := f.count(metric.OperationDelete); err != nil {
		return err
	}
	return f.Store.Delete(ctx, id)
}

func (f *failingStore) Active(ctx context.Context) (int, error) {
	if err := f.count(metric.OperationActive); err != nil {
		return 0, err
	}
	return f.Store.Active(ctx)
}

// degradedFixture is a DegradedStore over a failing store, with its log and its clock.
type degradedFixture struct {
	*DegradedStore
	store  *failingStore
	clock  *clock
	log    bytes.Buffer
	counts map[string]int
}

func newTolerance(t *testing.T) *degradedFixture {
	memory, clock := newStore(t, DefaultLimits(time.Hour))
	tol := &degradedFixture{
		store:  &failingStore{Store: memory, fails: map[string]error{}, calls: map[string]int{}},
		clock:  clock,
		counts: map[string]int{},
	}
	logger := slog.New(slog.NewTextHandler(&tol.log, nil))
	tol.DegradedStore = NewDegradedStore(tol.store, func(operation string) { tol.counts[operation]++ }, logger)
	tol.now = clock.now
	return tol
}

func (tol *degradedFixture) breakAll(err error) {
	for _, operation := range metric.StoreOperations() {
		tol.store.fails[operation] = err
	}
}

func (tol *degradedFixture) lines(message string) int {
	return strings.Count(tol.log.String(), message)
}

var errDown = errors.New("connection refused")

// TestAnOutageIsSurvived: chats go on without history, what cannot be pretended fails, and what was kept is there
// afterwards.
func TestAnOutageIsSurvived(t *testing.T) {
	tol, ctx := newTolerance(t), context.Background()
	hello := assistant.NewText(assistant.RoleUser, "hello")
	if err := tol.Append(ctx, "a", hello); err != nil {
		t.Fatal(err)
	}
	tol.breakAll(errDown)
	for range 5 {
		if history, err := tol.History(ctx, "a"); history != nil || err != nil {
			t.Errorf("History in an outage = %v, %v; want none and no error", history, err)
		}
		if err := tol.Append(ctx, "a", hello); err != nil {
			t.Errorf("Append in an outage = %v", err)
		}
		if _, err := tol.Active(ctx); err == nil {
			t.Error("Active made up a number")
		}
		if err := tol.Delete(ctx, "a"); err == nil {
			t.Error("Delete pretended that a session is gone")
		}
	}
	if want := map[string]int{"history": 5, "append": 5, "active": 5, "delete": 5}; !maps.Equal(tol.counts, want) {
		t.Errorf("counted %v, want %v", tol.counts, want)
	}
	if want := map[string]int{"history": 1, "append": 2, "active": 1, "delete": 5}; !maps.Equal(tol.store.calls, want) {
		t.Errorf("the store was asked %v, want %v: it is left alone for a while", tol.store.calls, want)
	}
	tol.breakAll(nil)
	tol.clock.t = tol.clock.t.Add(RetryInterval)
	history, err := tol.History(ctx, "a")
	if err != nil || len(history) != 1 || history[0].Text() != hello.Text() {
		t.Errorf("History after the outage = %v, %v; want what was kept", history, err)
	}
	if tol.lines("is back") != 0 {
		t.Error("the outage ended before all operations worked")
	}
	_ = tol.Append(ctx, "a", hello)
	if _, err := tol.Active(ctx); err != nil {
		t.Error(err)
	}
	if tol.lines("Session store failed") != 1 || tol.lines("Session store is back") != 1 || tol.lines("operations_lost=15") != 1 {
		t.Errorf("want one line for the outage and one for its end:\n%s", tol.log.String())
	}
}

func TestAStoreThatOnlyReadsIsRead(t *testing.T) {
	tol, ctx := newTolerance(t), context.Background()
	_ = tol.Append(ctx, "a", assistant.NewText(assistant.RoleUser, "kept"))
	tol.store.fails[metric.OperationAppend] = errors.New("Redis answered OOM")
	for range 10 {
		tol.clock.t = tol.clock.t.Add(RetryInterval)
		_ = tol.Append(ctx, "a", assistant.NewText(assistant.RoleUser, "lost"))
		if history, err := tol.History(ctx, "a"); len(history) != 1 || err != nil {
			t.Fatalf("History = %v, %v; want what is there", history, err)
		}
	}
	if tol.lines("Session store failed") != 1 || tol.lines("is back") != 0 || tol.store.calls[metric.OperationAppend] != 11 {
		t.Errorf("appended %v times, want one outage that is probed:\n%s", tol.store.calls, tol.log.String())
	}
}

func TestAClientThatLeftIsNoOutage(t *testing.T) {
	tol := newTolerance(t)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	tol.breakAll(context.Canceled)
	if _, err := tol.History(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("History = %v, want the cancellation", err)
	}
	if err := tol.Append(ctx, "a"); !errors.Is(err, context.Canceled) {
		t.Errorf("Append = %v, want the cancellation", err)
	}
	_ = tol.Delete(ctx, "a")
	if len(tol.counts) != 0 || tol.log.Len() != 0 {
		t.Errorf("counted %v and logged %q", tol.counts, tol.log.String())
	}
}

func TestAMangledSessionIsNoOutage(t *testing.T) {
	tol, ctx := newTolerance(t), context.Background()
	tol.store.fails[metric.OperationHistory] = errCorrupt
	for range 2 {
		if history, err := tol.History(ctx, "a"); history != nil || err != nil {
			t.Errorf("History = %v, %v; want none and no error", history, err)
		}
	}
	if tol.counts[metric.OperationHistory] != 2 || tol.store.calls[metric.OperationHistory] != 2 || tol.lines("cannot be read") != 2 {
		t.Errorf("counted %v, asked %v: want each of both asked, counted and logged", tol.counts, tol.store.calls)
	}
}
