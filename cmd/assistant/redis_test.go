//go:build redis

package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/redisserver"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// TestTwoReplicasAndACrashOfRedis runs two whole programs before one Redis: they share a session, both answer while
// Redis is dead, and both know afterwards what was said before.
func TestTwoReplicasAndACrashOfRedis(t *testing.T) {
	redis := redisserver.Start(t)
	replicas := []*program{start(t, "--session-store="+redis.URL()), start(t, "--session-store="+redis.URL())}
	say := func() {
		t.Helper()
		for _, p := range replicas {
			if status, reply := p.chat(t, canaryPrompt); status != http.StatusOK || reply == "" {
				t.Errorf("chat = %d %q, want an answer", status, reply)
			}
		}
	}
	say()
	say()
	for _, p := range replicas {
		if got := value(t, p.scrape(t), metric.ActiveSessions); got != 1 {
			t.Errorf("active sessions = %v, want the one of both", got)
		}
	}
	wantMessages(t, redis, 8)

	redis.Kill()
	for range 3 {
		say()
	}
	for _, p := range replicas {
		p.wantOutage(t, 3)
	}

	redis.Start()
	for _, p := range replicas {
		for len(p.scrape(t)[metric.ActiveSessions.Name].GetMetric()) == 0 {
			time.Sleep(20 * time.Millisecond) // until the store is asked again
		}
	}
	wantMessages(t, redis, 8)
	// Every replica's history and append are tried again within a pause; then each chat is kept.
	for reused := int64(8); reused < 12; {
		say()
		reused = messages(t, redis)
	}
	for _, p := range replicas {
		if err := p.stop(); err != nil {
			t.Errorf("run = %v, want a clean end", err)
		}
		log := strings.Join(p.log.lines(), "\n")
		if strings.Contains(log, redisserver.Password) || strings.Contains(log, canaryPrompt) {
			t.Errorf("the log holds the password or the prompt:\n%s", log)
		}
	}
}

// TestGoroutinesReturnWithRedis: a connection pool leaves nothing behind but the connections that it keeps.
func TestGoroutinesReturnWithRedis(t *testing.T) {
	goroutinesReturn(t, "--session-store="+redisserver.Start(t).URL())
}

// messages is how many messages the session of all chats has in Redis.
func messages(t *testing.T, s *redisserver.Server) int64 {
	t.Helper()
	client := s.Client()
	defer client.Close()
	n, err := client.LLen(t.Context(), "plimsoll:session:{all}:s").Result()
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func wantMessages(t *testing.T, s *redisserver.Server, want int64) {
	t.Helper()
	if got := messages(t, s); got != want {
		t.Errorf("%d messages are kept, want %d", got, want)
	}
}
