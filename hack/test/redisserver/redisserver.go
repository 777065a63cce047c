// Package redisserver runs a real Redis for tests: a process of its own on a free port, with its data in a folder of
// the test's, that can be killed and started again.
package redisserver

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
)

// Password is what every server asks for.
const Password = "canary-redis-password" //nolint:gosec // of servers that live as long as a test

// readyTimeout bounds how long a server may take to answer, on the slowest machine.
const readyTimeout = time.Minute

// Server is a Redis on the loopback address.
type Server struct {
	t    testing.TB
	addr string
	dir  string
	args []string
	cmd  *exec.Cmd
}

// Start runs a Redis that keeps what it has acknowledged, until the test ends. args are flags of redis-server. It fails
// the test if redis-server is missing.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Fatalf("this test needs redis-server (make test-redis installs Debian's for root): %v", err)
	}
	s := &Server{t: t, addr: freeport.Address(), dir: t.TempDir(), args: args}
	t.Cleanup(s.Kill)
	s.Start()
	return s
}

// URL is the server's, with its password.
func (s *Server) URL() string { return "redis://:" + Password + "@" + s.addr }

// Start starts a server that was killed, at the same address and with the same data, and waits until it answers.
func (s *Server) Start() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.addr)
	flags := []string{
		"--bind", "127.0.0.1", "--port", port, "--dir", s.dir, "--logfile", filepath.Join(s.dir, "log"), "--save", "",
		"--appendonly", "yes", "--appendfsync", "always", "--requirepass", Password,
	}
	s.cmd = exec.Command("redis-server", append(flags, s.args...)...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
	defer cancel()
	client := s.Client()
	defer client.Close()
	for client.Ping(ctx).Err() != nil {
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			s.t.Fatalf("redis-server does not answer: %s", log)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// Kill ends the server as a crash would. One that does not run is left alone.
func (s *Server) Kill() {
	if s.cmd == nil || s.cmd.Process == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Client speaks to the server as an operator would. The caller closes it.
func (s *Server) Client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.addr, Password: Password})
}
