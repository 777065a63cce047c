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
	maxBuffer = 4 << 20
	// maxChunk is how many bytes of whole lines are written at once.
	maxChunk = 64 << 10
	// calm is how long writing must have gone well before an outage is said to be over: a disk that is nearly full
	// takes a short line now and then.
	quietPeriod = 10 * time.Second
)

var errBufferFull = errors.New("the file is written more slowly than lines come")

// file writes lines in a goroutine of its own, so that whoever logs never waits for a disk.
type file struct {
	out    io.WriteCloser
	stdout *slog.Logger // goes to stdout only
	now    func() time.Time
	lost   atomic.Int64 // lines

	wake   chan struct{}
	closed chan error

	mu          sync.Mutex
	buffer      []byte // whole lines
	closing     bool
	inOutage    bool // an outage has been told
	lastFailure time.Time
	lostBefore  int64 // lost when the outage began

	partialWrite bool // the last write ended within a line; only the writing goroutine asks
}

func newFile(out io.WriteCloser, stdout *slog.Logger, now func() time.Time) *file {
	f := &file{out: out, stdout: stdout, now: now, wake: make(chan struct{}, 1), closed: make(chan error, 1)}
	go f.run()
	return f
}

// write takes a line, or loses it. It does not wait.
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

// finish ends the goroutine once it has written what is pending.
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

// flush writes lines in chunks. A chunk that fails is not tried again: its lines are on stdout.
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

// fail counts lines as lost, and tells the first time in an outage.
func (f *file) recordLoss(err error, lines int) {
	f.mu.Lock()
	first := !f.inOutage
	if first {
		f.inOutage, f.lostBefore = true, f.lost.Load()
	}
	f.lastFailure = f.now()
	f.lost.Add(int64(lines))
	f.mu.Unlock()
	if first {
		f.stdout.Error("Log file cannot be written; lines go to stdout only", "error", err.Error())
	}
}

// recovered tells the end of an outage.
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
