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
	// maxBuffer is how many bytes of lines wait for a slow file before more are lost.
	maxBuffer = 4 << 20
	// maxChunk is how many bytes of whole lines are written at once.
	maxChunk = 64 << 10
	// quietPeriod is how long writing must succeed before an outage is over: a disk that is nearly full takes a short
	// line now and then.
	quietPeriod = 10 * time.Second
)

var errBufferFull = errors.New("the buffer is full: the file is slower than the log")

// file writes lines in its own goroutine, so that logging never waits for a disk. See internal/decisions.md.
type file struct {
	out    io.WriteCloser
	stdout *slog.Logger // reports outages
	now    func() time.Time
	lost   atomic.Int64 // lines

	wake   chan struct{}
	closed chan error

	mu          sync.Mutex
	buffer      []byte // whole lines
	closing     bool
	inOutage    bool
	lastFailure time.Time
	lostBefore  int64 // lost before the outage

	partialWrite bool // the last write ended within a line; used by the writing goroutine only
}

func newFile(out io.WriteCloser, stdout *slog.Logger, now func() time.Time) *file {
	f := &file{out: out, stdout: stdout, now: now, wake: make(chan struct{}, 1), closed: make(chan error, 1)}
	go f.run()
	return f
}

// write buffers a line, or loses it. It does not wait.
func (f *file) write(line []byte) {
	f.mu.Lock()
	fits := !f.closing && len(f.buffer)+len(line) <= maxBuffer
	ending := f.closing
	if fits {
		f.buffer = append(f.buffer, line...)
	}
	f.mu.Unlock()
	switch {
	case fits:
		f.signal()
	case !ending:
		f.recordLoss(errBufferFull, 1)
	}
}

func (f *file) signal() {
	select {
	case f.wake <- struct{}{}:
	default:
	}
}

// stop ends the goroutine once it has written the buffer.
func (f *file) stop() {
	f.mu.Lock()
	f.closing = true
	f.mu.Unlock()
	f.signal()
}

func (f *file) run() {
	var spare []byte
	for range f.wake {
		f.mu.Lock()
		lines, ending := f.buffer, f.closing
		f.buffer = spare[:0]
		f.mu.Unlock()
		f.flush(lines)
		spare = lines
		if ending {
			f.closed <- f.out.Close()
			return
		}
	}
}

// flush writes lines in chunks. A chunk that fails is not retried: its lines are on stdout.
func (f *file) flush(lines []byte) {
	for len(lines) > 0 {
		chunk := lines[:chunkEnd(lines)]
		lines = lines[len(chunk):]
		if f.partialWrite {
			if _, err := f.out.Write([]byte{'\n'}); err != nil {
				f.recordLoss(err, bytes.Count(chunk, newline))
				continue
			}
			f.partialWrite = false
		}
		n, err := f.out.Write(chunk)
		if err != nil {
			f.partialWrite = n > 0 && chunk[n-1] != '\n'
			f.recordLoss(err, bytes.Count(chunk[n:], newline))
			continue
		}
		f.recordSuccess()
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

// recordLoss counts lines as lost, and reports the start of an outage.
func (f *file) recordLoss(err error, lines int) {
	f.mu.Lock()
	started := !f.inOutage
	if started {
		f.inOutage, f.lostBefore = true, f.lost.Load()
	}
	f.lastFailure = f.now()
	f.lost.Add(int64(lines))
	f.mu.Unlock()
	if started {
		f.stdout.Error("Log file cannot be written; lines go to stdout only", "error", err.Error())
	}
}

// recordSuccess reports the end of an outage.
func (f *file) recordSuccess() {
	f.mu.Lock()
	over := f.inOutage && f.now().Sub(f.lastFailure) >= quietPeriod
	lost := f.lost.Load() - f.lostBefore
	if over {
		f.inOutage = false
	}
	f.mu.Unlock()
	if over {
		f.stdout.Info("Log file is written again", "lost_lines", lost)
	}
}
