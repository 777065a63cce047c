package logs

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"gopkg.in/natefinch/lumberjack.v2"
)

// FileOptions configure the log file.
type FileOptions struct {
	// Path is the file; empty for none. Missing folders are created.
	Path string
	// MaxSize is the size in MB at which the file is rotated.
	MaxSize int
	// MaxBackups is how many rotated files are kept, MaxAge for how many days; 0 for no limit.
	MaxBackups, MaxAge int
	// Compress gzips rotated files.
	Compress bool
}

// closeTimeout bounds how long Close waits for a file system that hangs.
const closeTimeout = 5 * time.Second

// Output writes log lines to stdout and, optionally, to a file. The file never stops or delays a line: what it cannot
// take is still on stdout, is counted, and is reported there once per outage.
type Output struct {
	stdout io.Writer
	file   *file // nil without one
}

// NewOutput returns an output to stdout and to the file of o. It is safe for concurrent use.
func NewOutput(stdout io.Writer, o FileOptions) *Output {
	out := &Output{stdout: &lockedWriter{w: stdout}}
	if o.Path != "" {
		out.file = newFile(&lumberjack.Logger{
			Filename: o.Path, MaxSize: o.MaxSize, MaxBackups: o.MaxBackups, MaxAge: o.MaxAge, Compress: o.Compress,
		}, New(out.stdout, slog.LevelInfo).With("file", o.Path), time.Now)
	}
	return out
}

// Write writes one line. Its error is stdout's.
func (o *Output) Write(line []byte) (int, error) {
	n, err := o.stdout.Write(line)
	if o.file != nil {
		o.file.write(line)
	}
	return n, err
}

// Lost returns the number of lines that the file could not take.
func (o *Output) Lost() int64 {
	if o.file == nil {
		return 0
	}
	return o.file.lost.Load()
}

// Close writes the buffer and closes the file; lines written later are on stdout only.
func (o *Output) Close() error {
	if o.file == nil {
		return nil
	}
	o.file.stop()
	select {
	case err := <-o.file.closed:
		if err != nil {
			return fmt.Errorf("closing the log file: %w", err)
		}
		return nil
	case <-time.After(closeTimeout):
		return errors.New("closing the log file: its file system does not respond; the last lines are on stdout only")
	}
}

// lockedWriter lets several loggers share a writer.
type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}
