package logs

import (
	"bytes"
	"errors"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxBacklog is how many bytes of lines wait for a slow file before more are lost.
	maxBacklog = 4 << 20
	// maxChunk is how many bytes of whole lines are written at once.
	maxChunk = 64 << 10
	// calm is how long writing must have gone well before an outage is said to be over: a disk that is nearly full
	// takes a short line now and then.
	calm = 10 * time.Second
)

var errBacklog = errors.New("the file is written more slowly than lines come")

// file writes lines in a goroutine of its own, so that whoever logs never waits for a disk.
type file struct {
	out  io.WriteCloser
	tell *slog.Logger // goes to stdout only
	now  func() time.Time
	lost atomic.Int64 // lines

	wake   chan struct{}
	closed chan error

	mu        sync.Mutex
	pending   []byte // whole lines
	ending    bool
	failing   bool // an outage has been told
	failed    time.Time
	lostSince int64 // lost when the outage began

	torn bool // the last write ended within a line; only the writing goroutine asks
}

func newFile(out io.WriteCloser, tell *slog.Logger, now func() time.Time) *file {
	f := &file{out: out, tell: tell, now: now, wake: make(chan struct{}, 1), closed: make(chan error, 1)}
	go f.run()
	return f
}

// write takes a line, or loses it. It does not wait.
func (f *file) write(line []byte) {
	f.mu.Lock()
	fits := !f.ending && len(f.pending)+len(line) <= maxBacklog
	ending := f.ending
	if fits {
		f.pending = append(f.pending, line...)
	}
	f.mu.Unlock()
	switch {
	case fits:
		f.signal()
	case !ending:
		f.fail(errBacklog, 1)
	}
}

func (f *file) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// finish ends the goroutine once it has written what is pending.
func (f *file) finish() {
	f.mu.Lock()
	f.ending = true
	f.mu.Unlock()
	f.signal()
}

func (f *file) run() {
	var spare []byte
	for range f.wake {
		f.mu.Lock()
		lines, ending := f.pending, f.ending
		f.pending = spare[:0]
		f.mu.Unlock()
		f.flush(lines)
		spare = lines
		if ending {
			f.closed <- f.out.Close()
			return
		}
	}
}

// flush writes lines in chunks. A chunk that fails is not tried again: its lines are on stdout.
func (f *file) flush(lines []byte) {
	for len(lines) > 0 {
		chunk := lines[:chunkEnd(lines)]
		lines = lines[len(chunk):]
		if f.torn {
			if _, err := f.out.Write([]byte{'\n'}); err != nil {
				f.fail(err, bytes.Count(chunk, newline))
				continue
			}
			f.torn = false
		}
		n, err := f.out.Write(chunk)
		if err != nil {
			f.torn = n > 0 && chunk[n-1] != '\n'
			f.fail(err, bytes.Count(chunk[n:], newline))
			continue
		}
		f.recovered()
	}
}

var newline = []byte{'\n'}

// chunkEnd is the end of the last line within maxChunk, or of the first line if that is longer.
func chunkEnd(lines []byte) int {
	if len(lines) <= maxChunk {
		return len(lines)
	}
	if i := bytes.LastIndexByte(lines[:maxChunk], '\n'); i >= 0 {
		return i + 1
	}
	if i := bytes.IndexByte(lines, '\n'); i >= 0 {
		return i + 1
	}
	return len(lines)
}

// fail counts lines as lost, and tells the first time in an outage.
func (f *file) fail(err error, lines int) {
	f.mu.Lock()
	first := !f.failing
	if first {
		f.failing, f.lostSince = true, f.lost.Load()
	}
	f.failed = f.now()
	f.lost.Add(int64(lines))
	f.mu.Unlock()
	if first {
		f.tell.Error("Log file cannot be written; lines go to stdout only", "error", err.Error())
	}
}

// recovered tells the end of an outage.
func (f *file) recovered() {
	f.mu.Lock()
	over := f.failing && f.now().Sub(f.failed) >= calm
	lost := f.lost.Load() - f.lostSince
	if over {
		f.failing = false
	}
	f.mu.Unlock()
	if over {
		f.tell.Info("Log file is written again", "lost_lines", lost)
	}
}
