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
	// ahead are the expected steps to come; expected and spent are those that are over.
	ahead           map[string]time.Duration
	expected, spent time.Duration
}

// New returns a Printer that writes to out.
func New(out io.Writer) *Printer { return &Printer{out: out} }

// Say prints one line.
func (p *Printer) Say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	fmt.Fprintf(p.out, format+"\n", args...)
}

// Expect announces a step to come and what it takes on two idle cores. From then on it says, while it runs and when it is over,
// how long the rest will take, at the pace so far if that is slower.
func (p *Printer) Expect(name string, takes time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ahead == nil {
		p.ahead = map[string]time.Duration{}
	}
	p.ahead[name] = takes
}

// over takes a step off those ahead and returns what is to be said of the rest.
func (p *Printer) over(name string, took time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	expected, ok := p.ahead[name]
	if !ok {
		return ""
	}
	delete(p.ahead, name)
	p.expected += expected
	p.spent += took
	return p.left(0)
}

// during returns what is to be said of the rest while a step has run for some time: nothing if it was not announced.
func (p *Printer) during(name string, runs time.Duration) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	expected, ok := p.ahead[name]
	if !ok {
		return ""
	}
	return p.left(min(runs, p.atPace(expected)))
}

// left says how long what is ahead will take, of which some is done: nothing if nothing is ahead.
func (p *Printer) left(done time.Duration) string {
	var rest time.Duration
	for _, takes := range p.ahead {
		rest += takes
	}
	if rest == 0 {
		return ""
	}
	return fmt.Sprintf("   %s left", max(p.atPace(rest)-done, time.Second).Round(time.Second))
}

// atPace is what expected time becomes at the pace of the steps that are over, if that is slower: one that found its work done
// says nothing of the others.
func (p *Printer) atPace(d time.Duration) time.Duration {
	if p.spent <= p.expected {
		return d
	}
	return time.Duration(float64(d) * float64(p.spent) / float64(p.expected))
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
	p.Say("  %-44s %7s%s", name, took(start), p.over(name, time.Since(start)))
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
			p.Say("  %-44s %7s ...%s", name, took(start), p.during(name, time.Since(start)))
		}
	}
}

func took(start time.Time) string { return fmt.Sprintf("%.1fs", time.Since(start).Seconds()) }
