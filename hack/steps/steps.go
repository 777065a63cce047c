// Package steps prints what a long job is doing: one line a step, with the time it took.
package steps

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"
)

// heartbeat is how often a step that is still running says so: CI logs and people take silence for a hang.
const heartbeat = 30 * time.Second

// Printer writes steps to Out. It is safe for concurrent use, but steps that overlap interleave their lines.
type Printer struct {
	mu  sync.Mutex
	out io.Writer
}

// New returns a Printer that writes to out.
func New(out io.Writer) *Printer { return &Printer{out: out} }

// Say prints one line.
func (p *Printer) Say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// Write makes the Printer the output of a command that reports for itself.
func (p *Printer) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

// Do runs f as a step: "name ... 1.2s", a sign of life every 30 seconds, and the name in front of its error.
// A context that has ended before the step begins ends it.
func (p *Printer) Do(ctx context.Context, name string, f func(context.Context) error) error {
	if err := context.Cause(ctx); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	start := time.Now()
	done := make(chan struct{})
	go p.beat(name, start, done)
	err := f(ctx)
	close(done)
	if err != nil {
		p.Say("  %-44s FAILED after %s", name, took(start))
		return fmt.Errorf("%s: %w", name, err)
	}
	p.Say("  %-44s %7s", name, took(start))
	return nil
}

func (p *Printer) beat(name string, start time.Time, done <-chan struct{}) {
	t := time.NewTicker(heartbeat)
	defer t.Stop()
	for {
		select {
		case <-done:
			return
		case <-t.C:
			p.Say("  %-44s %7s ...", name, took(start))
		}
	}
}

func took(start time.Time) string { return fmt.Sprintf("%.1fs", time.Since(start).Seconds()) }
