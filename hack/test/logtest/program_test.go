//go:build logs

package logtest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const (
	bin = "../../bin"
	// readyTimeout bounds how long a program may take to answer, on the slowest machine.
	readyTimeout = 2 * time.Minute
)

// program is one of hack/bin that runs until the test ends, and can be ended and started again.
type program struct {
	t     testing.TB
	name  string
	args  []string
	ready string // URL
	log   string
	cmd   *exec.Cmd
}

// start runs a program and waits until it is ready.
func start(t testing.TB, name, ready string, args ...string) *program {
	t.Helper()
	p := &program{t: t, name: name, args: args, ready: ready, log: filepath.Join(t.TempDir(), name+".log")}
	t.Cleanup(func() {
		p.end(syscall.SIGKILL)
		if t.Failed() {
			text, _ := os.ReadFile(p.log)
			t.Logf("end of the log of %s:\n%s", name, text[max(0, len(text)-4000):])
		}
	})
	p.start()
	return p
}

func (p *program) start() {
	p.t.Helper()
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		p.t.Fatal(err)
	}
	defer log.Close()
	p.cmd = exec.Command(filepath.Join(bin, p.name), p.args...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal("this test needs hack/bin, which make test-logs fills: ", err)
	}
	eventually(p.t, readyTimeout, func() error { return get(p.ready, nil) })
}

// end sends a signal that ends the program, and returns when it has ended.
func (p *program) end(s syscall.Signal) {
	_ = p.cmd.Process.Signal(s)
	_ = p.cmd.Wait()
}

// restart ends the program, leaves it down for a while, and starts it again.
func (p *program) restart(s syscall.Signal, down time.Duration) {
	p.t.Helper()
	p.end(s)
	time.Sleep(down)
	p.start()
}

// eventually fails the test when f still fails at the end of the limit.
func eventually(t testing.TB, limit time.Duration, f func() error) {
	t.Helper()
	deadline := time.Now().Add(limit)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("waited %s: %v", limit, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// get decodes an answer's JSON, unless into is nil.
func get(url string, into any) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s: %s", url, resp.Status, body)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(body, into)
}
