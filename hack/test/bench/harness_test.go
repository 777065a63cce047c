package bench

import (
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
)

// harness is the assistant and the stand-in for Gemini, each a process of its own, as they would be in a cluster.
type harness struct {
	assistant, gemini string // base URLs
	stop              func()
}

// withHarness does something with a harness.
func withHarness(ctx context.Context, do func(*harness) error) error {
	dir, err := os.MkdirTemp("", "plimsoll-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	h, err := startHarness(ctx, dir)
	if err != nil {
		return err
	}
	defer h.stop()
	return do(h)
}

// startHarness builds both programs into dir and starts them. The stand-in answers at once, always at the same length, and
// never fails: what is measured is the assistant.
func startHarness(ctx context.Context, dir string) (*harness, error) {
	assistant, gemini := freeport.Address(), freeport.Address()
	ctx, cancel := context.WithCancel(ctx)
	h := &harness{assistant: "http://" + assistant, gemini: "http://" + gemini}
	var running []*exec.Cmd
	h.stop = func() {
		cancel()
		for _, cmd := range running {
			_ = cmd.Wait()
		}
	}
	for _, p := range []struct {
		pkg  string
		args []string
		url  string
	}{
		{"./hack/test/fakegemini", []string{"--listen", gemini, "--completion-tokens", "60"}, h.gemini},
		{"./cmd/assistant", []string{"--listen", assistant, "--gemini-endpoint", h.gemini}, h.assistant},
	} {
		cmd, err := start(ctx, dir, p.pkg, p.args...)
		if err == nil {
			running = append(running, cmd)
			err = answers(ctx, p.url+"/health")
		}
		if err != nil {
			h.stop()
			return nil, err
		}
	}
	return h, nil
}

// build builds a program into dir and returns its path.
func build(ctx context.Context, dir, pkg string) (string, error) {
	path := filepath.Join(dir, filepath.Base(pkg))
	if msg, err := exec.CommandContext(ctx, "go", "build", "-o", path, pkg).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s: %w\n%s", pkg, err, msg)
	}
	return path, nil
}

func start(ctx context.Context, dir, pkg string, args ...string) (*exec.Cmd, error) {
	path, err := build(ctx, dir, pkg)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "GEMINI_API_KEY=stand-in")
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s: %w", pkg, err)
	}
	return cmd, nil
}

// answers returns when the URL does.
func answers(ctx context.Context, url string) error {
	var last error
	for range 100 {
		_, err := fetch(ctx, url)
		if err == nil {
			return nil
		}
		last = err
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
	return fmt.Errorf("%s does not answer: %w", url, last)
}

// samples are times of the same thing done many times.
type samples []time.Duration

// percentile is the time that the share p of the samples did not exceed: the nearest rank. It sorts the samples.
func (s samples) percentile(p float64) time.Duration {
	if len(s) == 0 {
		return 0
	}
	slices.Sort(s)
	return s[max(0, int(math.Ceil(p*float64(len(s))))-1)]
}

// milliseconds is how a table shows a time.
func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.3f ms", float64(d)/float64(time.Millisecond))
}
