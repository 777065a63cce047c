// Package prometheusserver runs a real Prometheus for tests: a process of its own on a free port, with its data in a folder
// of the test's, that can be stopped and started again.
package prometheusserver

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
)

// readyTimeout bounds how long a server may take to answer, on the slowest machine.
const readyTimeout = time.Minute

// Server is a Prometheus on the loopback address.
type Server struct {
	t    testing.TB
	dir  string
	addr string
	args []string
	cmd  *exec.Cmd
}

// Start runs a Prometheus with that configuration until the test ends. Its rule_files may name rules/*.yaml, which is
// RulesDir. args are flags of prometheus. It fails the test if the tool build has not left a prometheus in hack/bin.
func Start(t testing.TB, config string, args ...string) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), addr: freeport.Address()}
	s.args = append([]string{"--storage.tsdb.path", s.DataDir()}, args...)
	return s.run(config)
}

// StartAgent runs a Prometheus in agent mode, which has no rules and answers no query, until the test ends.
func StartAgent(t testing.TB) *Server {
	t.Helper()
	s := &Server{t: t, dir: t.TempDir(), addr: freeport.Address()}
	s.args = []string{"--agent", "--storage.agent.path", s.DataDir()}
	return s.run("{}")
}

// run starts the server with that configuration.
func (s *Server) run(config string) *Server {
	t := s.t
	t.Helper()
	if err := os.Mkdir(s.RulesDir(), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "prometheus.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	s.Start()
	return s
}

// URL is the server's base.
func (s *Server) URL() string { return "http://" + s.addr }

// DataDir is where the server keeps its blocks.
func (s *Server) DataDir() string { return filepath.Join(s.dir, "data") }

// RulesDir is the folder for rule files, which a Reload reads.
func (s *Server) RulesDir() string { return filepath.Join(s.dir, "rules") }

// Start starts a server that was stopped, at the same address and with the same data, and waits until it is ready.
func (s *Server) Start() {
	s.t.Helper()
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer log.Close()
	flags := []string{
		"--config.file", filepath.Join(s.dir, "prometheus.yaml"),
		"--web.listen-address", s.addr, "--web.enable-lifecycle",
	}
	bin, err := build.FindBin()
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd = exec.Command(filepath.Join(bin, "prometheus"), append(flags, s.args...)...)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	deadline := time.Now().Add(readyTimeout)
	for s.call(http.MethodGet, "/-/ready") != nil {
		if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			s.t.Fatalf("prometheus is not ready after %s: %s", readyTimeout, text)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// Stop ends the server as a rollout would. One that does not run is left alone.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(os.Interrupt)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Reload makes the server read its configuration and rules anew.
func (s *Server) Reload() {
	s.t.Helper()
	if err := s.call(http.MethodPost, "/-/reload"); err != nil {
		s.t.Fatal(err)
	}
}

func (s *Server) call(method, path string) error {
	req, err := http.NewRequest(method, s.URL()+path, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s %s: %s", method, path, resp.Status)
	}
	return nil
}
