//go:build redis

package session

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/redisserver"
	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// replica is a store of its own in a Redis, with room for a slow machine.
func replica(t *testing.T, s *redisserver.Server, limits Limits) *Redis {
	t.Helper()
	r, err := NewRedis(Address{URL: s.URL()}, limits)
	if err != nil {
		t.Fatal(err)
	}
	r.timeout = time.Minute
	t.Cleanup(func() { r.Close() })
	return r
}

func appendTo(t *testing.T, store assistant.Store, id string, messages ...assistant.Message) {
	t.Helper()
	if err := store.Append(t.Context(), id, messages...); err != nil {
		t.Fatal(err)
	}
}

func historyOf(t *testing.T, store assistant.Store, id string) []string {
	t.Helper()
	history, err := store.History(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range history {
		out = append(out, string(m.Role)+" "+m.Text())
	}
	return out
}

func wantActive(t *testing.T, store assistant.Store, want int) {
	t.Helper()
	if got, err := store.Active(t.Context()); got != want || err != nil {
		t.Errorf("Active = %d, %v; want %d", got, err, want)
	}
}

func userMessage(text string) assistant.Message {
	return assistant.NewText(assistant.RoleUser, text)
}

func modelMessage(text string) assistant.Message {
	return assistant.NewText(assistant.RoleModel, text)
}

func TestTwoReplicasShareASession(t *testing.T) {
	server := redisserver.Start(t)
	a, b := replica(t, server, DefaultLimits(time.Hour)), replica(t, server, DefaultLimits(time.Hour))
	appendTo(t, a, "s", userMessage("one"), modelMessage("1 <&> \"\x00\u2028"))
	appendTo(t, b, "s", userMessage("two"), modelMessage("2"))
	appendTo(t, b, "other", userMessage("else"), modelMessage("e"))
	want := []string{"user one", "model 1 <&> \"\x00\u2028", "user two", "model 2"}
	for _, r := range []*Redis{a, b} {
		if got := historyOf(t, r, "s"); !slices.Equal(got, want) {
			t.Errorf("session = %q, want %q", got, want)
		}
		wantActive(t, r, 2)
	}
	if got := historyOf(t, a, "never seen"); got != nil {
		t.Errorf("unknown session = %q, want none", got)
	}
	for range 2 { // the second time it is unknown
		if err := b.Delete(t.Context(), "s"); err != nil {
			t.Fatal(err)
		}
	}
	if got := historyOf(t, a, "s"); got != nil {
		t.Errorf("deleted session = %q, want none", got)
	}
	wantActive(t, a, 1)
}

func TestLimitsOfASession(t *testing.T) {
	server := redisserver.Start(t)
	few := replica(t, server, Limits{TTL: time.Hour, Messages: 3, Bytes: 1 << 20})
	appendTo(t, few, "a", userMessage("one"), modelMessage("1"))
	appendTo(t, few, "a", userMessage("two"), modelMessage("2"))
	if got, want := historyOf(t, few, "a"), []string{"user two", "model 2"}; !slices.Equal(got, want) {
		t.Errorf("session = %q, want %q: an answer without its question is left out", got, want)
	}
	small := replica(t, server, Limits{TTL: time.Hour, Messages: 40, Bytes: 1000})
	appendTo(t, small, "b", userMessage("one"), modelMessage(strings.Repeat("x", 500)))
	appendTo(t, small, "b", userMessage("two"), modelMessage(strings.Repeat("y", 500)))
	if got := historyOf(t, small, "b"); len(got) != 2 || got[0] != "user two" {
		t.Errorf("session = %.20q, want the last exchange", got)
	}
	wantActive(t, small, 2)
	appendTo(t, small, "b", userMessage(strings.Repeat("z", 2000)))
	if got := historyOf(t, small, "b"); got != nil {
		t.Errorf("session = %.20q, want none: it is larger than all that is kept", got)
	}
	wantActive(t, small, 1)
}

// TestExpiry lets a session of a short life pass while another, renewed by each look, stays. Nothing is left behind.
func TestExpiry(t *testing.T) {
	server := redisserver.Start(t)
	long, short := replica(t, server, DefaultLimits(time.Hour)), replica(t, server, DefaultLimits(300*time.Millisecond))
	appendTo(t, short, "left", userMessage("x"))
	appendTo(t, long, "stays", userMessage("y"))
	appendTo(t, short, "renewed", userMessage("z"))
	appendTo(t, long, "renewed", userMessage("z"))
	for historyOf(t, short, "left") != nil {
		time.Sleep(10 * time.Millisecond)
	}
	wantActive(t, short, 2)
	if got := historyOf(t, short, "renewed"); got == nil {
		t.Error("a renewed session has expired with its first message")
	}
	client := server.Client()
	defer client.Close()
	if n := client.ZCard(t.Context(), indexKey).Val(); n != 2 && n != 3 {
		t.Errorf("the index holds %d ids, want 2 and perhaps one to be trimmed", n)
	}
	for _, id := range []string{"stays", "renewed"} {
		if err := long.Delete(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	appendTo(t, short, "last", userMessage("x"))
	for client.DBSize(t.Context()).Val() > 0 { // without expiry of the index, this would never end
		time.Sleep(10 * time.Millisecond)
	}
}

func TestConcurrentAppendsLoseNothing(t *testing.T) {
	server := redisserver.Start(t)
	stores := []*Redis{
		replica(t, server, Limits{TTL: time.Hour, Messages: 1000, Bytes: 1 << 20}),
		replica(t, server, Limits{TTL: time.Hour, Messages: 1000, Bytes: 1 << 20}),
	}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for j := range 50 {
				text := fmt.Sprintf("%d.%d", i, j)
				appendTo(t, stores[i%2], "s", userMessage(text), modelMessage(text))
			}
		})
	}
	wg.Wait()
	got := historyOf(t, stores[0], "s")
	if len(got) != 800 {
		t.Fatalf("%d messages kept, want 800", len(got))
	}
	for i := 0; i < len(got); i += 2 {
		question, answer := strings.TrimPrefix(got[i], "user "), strings.TrimPrefix(got[i+1], "model ")
		if question != answer {
			t.Fatalf("%q is followed by %q: an exchange was torn apart", got[i], got[i+1])
		}
	}
}

// TestRedisKilledAndBack: what Redis acknowledged is there after a crash, through the same connections.
func TestRedisKilledAndBack(t *testing.T) {
	server := redisserver.Start(t)
	store := replica(t, server, DefaultLimits(time.Hour))
	lost := 0
	degraded := NewDegradedStore(store, func(string) { lost++ }, slog.New(slog.DiscardHandler))
	appendTo(t, degraded, "s", userMessage("before"), modelMessage("yes"))
	server.Kill()
	if err := degraded.Append(t.Context(), "s", userMessage("meanwhile")); err != nil || lost != 1 {
		t.Errorf("Append while Redis is dead = %v, %d lost", err, lost)
	}
	if got := historyOf(t, degraded, "s"); got != nil {
		t.Errorf("history while Redis is dead = %q", got)
	}
	server.Start()
	clock := &clock{t: time.Now().Add(time.Hour)} // the pause is over
	degraded.now = clock.now
	if got, want := historyOf(t, degraded, "s"), []string{"user before", "model yes"}; !slices.Equal(got, want) {
		t.Errorf("history after the crash = %q, want %q", got, want)
	}
	appendTo(t, degraded, "s", userMessage("after"))
	if got := historyOf(t, store, "s"); len(got) != 3 {
		t.Errorf("history = %q, want the message after the crash too", got)
	}
	wantActive(t, degraded, 1)
}

func TestErrorsOfRedisAreNamedAndQuoteNothing(t *testing.T) {
	server := redisserver.Start(t)
	client := server.Client()
	defer client.Close()
	store := replica(t, server, DefaultLimits(time.Hour))
	ctx := t.Context()
	client.Set(ctx, listKey+"string", "x", 0)
	client.RPush(ctx, listKey+"foreign", `{"role":"system","text":"canary"}`)
	for _, id := range []string{"string", "foreign"} {
		if _, err := store.History(ctx, id); !errors.Is(err, errCorrupt) {
			t.Errorf("History(%s) = %v, want %v", id, err, errCorrupt)
		}
	}
	if err := store.Append(ctx, "string", userMessage("canary")); err == nil || strings.Contains(err.Error(), "canary") {
		t.Errorf("Append to what is no session = %v", err)
	}
	if err := client.ConfigSet(ctx, "maxmemory", "1").Err(); err != nil {
		t.Fatal(err)
	}
	wantCode(t, store.Append(ctx, "full", userMessage("canary")), "OOM")

	foreign, err := NewRedis(Address{URL: strings.Replace(server.URL(), redisserver.Password, "canary-wrong", 1)}, DefaultLimits(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	defer foreign.Close()
	_, err = foreign.Active(ctx)
	wantCode(t, err, "WRONGPASS")
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if err == nil || !strings.HasSuffix(err.Error(), "Redis answered "+code) || strings.Contains(err.Error(), "canary") {
		t.Errorf("error = %v, want that Redis answered %s", err, code)
	}
}

// TestOneSlotOfACluster: a Redis in cluster mode refuses commands and scripts whose keys lie in several slots.
func TestOneSlotOfACluster(t *testing.T) {
	server := redisserver.Start(t, "--cluster-enabled", "yes")
	client := server.Client()
	defer client.Close()
	if err := client.ClusterAddSlotsRange(t.Context(), 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	for client.Set(t.Context(), "probe", "x", time.Millisecond).Err() != nil {
		time.Sleep(10 * time.Millisecond)
	}
	if err := client.MSet(t.Context(), "a", 1, "b", 2).Err(); err == nil {
		t.Fatal("this Redis is no cluster")
	}
	store := replica(t, server, DefaultLimits(time.Hour))
	appendTo(t, store, "s", userMessage("one"), modelMessage("1"))
	wantActive(t, store, 1)
	if got := historyOf(t, store, "s"); len(got) != 2 {
		t.Errorf("session = %q", got)
	}
	if err := store.Delete(t.Context(), "s"); err != nil {
		t.Error(err)
	}
	wantActive(t, store, 0)
}
