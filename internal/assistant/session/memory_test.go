package session

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// clock is a time that only the test moves.
type clock struct{ t time.Time }

func (c *clock) now() time.Time { return c.t }

func newStore(t *testing.T, limits Limits) (*Memory, *clock) {
	t.Helper()
	m, err := NewMemory(limits)
	if err != nil {
		t.Fatal(err)
	}
	c := &clock{t: time.Unix(1_000_000, 0)}
	m.now = c.now
	return m, c
}

func say(t *testing.T, m *Memory, id string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if err := m.Append(context.Background(), id, assistant.NewText(assistant.RoleUser, text)); err != nil {
			t.Fatal(err)
		}
	}
}

func texts(t *testing.T, m *Memory, id string) []string {
	t.Helper()
	messages, err := m.History(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, msg := range messages {
		out = append(out, msg.Text())
	}
	return out
}

func active(t *testing.T, m *Memory) int {
	t.Helper()
	n, err := m.Active(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSessionsAreApartAndOrdered(t *testing.T) {
	m, _ := newStore(t, DefaultLimits(time.Minute))
	say(t, m, "a", "one", "two")
	say(t, m, "b", "other")
	if got, want := texts(t, m, "a"), []string{"one", "two"}; !slices.Equal(got, want) {
		t.Errorf("session a = %q, want %q", got, want)
	}
	if got := texts(t, m, "never seen"); got != nil {
		t.Errorf("unknown session = %q, want none", got)
	}
	if got := active(t, m); got != 2 {
		t.Errorf("active = %d, want 2", got)
	}
}

func TestHistoryIsACopy(t *testing.T) {
	m, _ := newStore(t, DefaultLimits(time.Minute))
	say(t, m, "a", "one")
	history, _ := m.History(context.Background(), "a")
	history[0] = assistant.NewText(assistant.RoleUser, "changed")
	if got := texts(t, m, "a"); got[0] != "one" {
		t.Errorf("a caller's change reached the store: %q", got)
	}
}

func TestExpiryCountsFromTheLastMessage(t *testing.T) {
	m, c := newStore(t, DefaultLimits(10*time.Minute))
	say(t, m, "renewed", "one")
	say(t, m, "left", "one")
	c.t = c.t.Add(9 * time.Minute)
	say(t, m, "renewed", "two")
	c.t = c.t.Add(time.Minute)
	if got := texts(t, m, "left"); got != nil {
		t.Errorf("session left alone for its TTL = %q, want none", got)
	}
	if got := texts(t, m, "renewed"); len(got) != 2 {
		t.Errorf("renewed session = %q, want both messages", got)
	}
	if got := active(t, m); got != 1 {
		t.Errorf("active = %d, want 1", got)
	}
	c.t = c.t.Add(time.Hour)
	if got := active(t, m); got != 0 || m.bytes != 0 {
		t.Errorf("after all expired: active = %d, bytes = %d, want 0 and 0", got, m.bytes)
	}
}

func TestADeletedSessionIsForgotten(t *testing.T) {
	m, _ := newStore(t, DefaultLimits(time.Minute))
	say(t, m, "a", "one")
	say(t, m, "b", "two")
	for _, id := range []string{"a", "a", "never seen"} {
		if err := m.Delete(context.Background(), id); err != nil {
			t.Errorf("Delete(%s) = %v", id, err)
		}
	}
	if texts(t, m, "a") != nil || len(texts(t, m, "b")) != 1 || active(t, m) != 1 {
		t.Errorf("a = %q, b = %q after a was deleted", texts(t, m, "a"), texts(t, m, "b"))
	}
	_ = m.Delete(context.Background(), "b")
	if m.bytes != 0 {
		t.Errorf("%d bytes in an empty store", m.bytes)
	}
}

func TestOldestMessagesGoFirst(t *testing.T) {
	m, _ := newStore(t, Limits{TTL: time.Minute, Messages: 2, Bytes: 1 << 20})
	say(t, m, "a", "one", "two", "three")
	if got, want := texts(t, m, "a"), []string{"two", "three"}; !slices.Equal(got, want) {
		t.Errorf("session = %q, want %q", got, want)
	}
}

func TestLeastRecentlyUsedGoesWhenFull(t *testing.T) {
	m, _ := newStore(t, Limits{TTL: time.Minute, Messages: 10, Bytes: 3000})
	text := strings.Repeat("x", 1000)
	say(t, m, "first", text)
	say(t, m, "second", text)
	say(t, m, "first", "used again")
	say(t, m, "third", text)
	if got := texts(t, m, "second"); got != nil {
		t.Error("the session least recently used is still there")
	}
	if texts(t, m, "first") == nil || texts(t, m, "third") == nil {
		t.Error("a session in use was dropped")
	}
	say(t, m, "huge", strings.Repeat("x", 4000))
	if got := active(t, m); got != 0 || m.bytes != 0 {
		t.Errorf("after a session larger than the store: active = %d, bytes = %d, want 0 and 0", got, m.bytes)
	}
}

func TestLimitsMustBePositive(t *testing.T) {
	for _, limits := range []Limits{{}, {TTL: 1, Messages: 1}, {TTL: 1, Bytes: 1}, {Messages: 1, Bytes: 1}, {TTL: -1, Messages: 1, Bytes: 1}} {
		if _, err := NewMemory(limits); err == nil {
			t.Errorf("NewMemory(%+v) succeeded", limits)
		}
	}
}

func TestConcurrentUse(t *testing.T) {
	m, _ := newStore(t, Limits{TTL: time.Minute, Messages: 1000, Bytes: 1 << 20})
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 100 {
				say(t, m, fmt.Sprintf("s%d", j%3), fmt.Sprint(i))
				texts(t, m, "s0")
			}
		})
	}
	wg.Wait()
	if got := len(texts(t, m, "s0")) + len(texts(t, m, "s1")) + len(texts(t, m, "s2")); got != 800 {
		t.Errorf("%d messages kept, want 800", got)
	}
}
