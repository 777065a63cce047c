package logs

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// disk is a file that can be full, that can hang, and that says when it was written to.
type disk struct {
	mu       sync.Mutex
	data     bytes.Buffer
	capacity int // bytes until it is full; negative for no limit
	hang     chan struct{}
	written  chan struct{}
}

func newDisk(capacity int) *disk {
	return &disk{capacity: capacity, written: make(chan struct{}, 1000)}
}

func (d *disk) Write(p []byte) (int, error) {
	if d.hang != nil {
		<-d.hang
	}
	d.mu.Lock()
	defer func() {
		d.mu.Unlock()
		d.written <- struct{}{}
	}()
	if d.capacity < 0 || len(p) <= d.capacity {
		d.capacity -= min(len(p), max(d.capacity, 0))
		return d.data.Write(p)
	}
	n, _ := d.data.Write(p[:d.capacity])
	d.capacity = 0
	return n, syscall.ENOSPC
}

func (d *disk) Close() error { return nil }

func (d *disk) setRoom(n int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capacity = n
}

// outputTo is an output to a disk, with its clock.
func outputTo(d *disk) (out *Output, stdout *bytes.Buffer, clock *atomic.Int64) {
	stdout, clock = &bytes.Buffer{}, &atomic.Int64{}
	out = &Output{stdout: &lockedWriter{w: stdout}}
	out.file = newFile(d, New(out.stdout, slog.LevelInfo), func() time.Time { return time.Unix(0, clock.Load()) })
	return out, stdout, clock
}

func TestAFullDiskLosesNothingOnStdout(t *testing.T) {
	d := newDisk(10)
	out, stdout, clock := outputTo(d)
	put := func(line string) {
		t.Helper()
		if _, err := out.Write([]byte(line + "\n")); err != nil {
			t.Fatal(err)
		}
		<-d.written
	}
	put("first")   // fits
	put("second!") // is torn after "seco"
	put("third")
	d.setRoom(1000)
	put("fourth") // after the line that was torn
	<-d.written
	clock.Add(int64(quietPeriod))
	put("fifth")
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := d.data.String(), "first\nseco\nfourth\nfifth\n"; got != want {
		t.Errorf("file = %q, want %q", got, want)
	}
	if out.Lost() != 2 {
		t.Errorf("lost = %d, want 2", out.Lost())
	}
	for _, want := range []string{"first\n", "second!\n", "third\n", "fourth\n", "fifth\n", `"lost_lines":2`} {
		if !strings.Contains(stdout.String(), want) {
			t.Errorf("stdout lacks %q:\n%s", want, stdout)
		}
	}
	if got := strings.Count(stdout.String(), "cannot be written"); got != 1 {
		t.Errorf("the outage was told %d times, want once:\n%s", got, stdout)
	}
}

func TestAFileThatHangsDelaysNobody(t *testing.T) {
	d := newDisk(-1)
	d.hang = make(chan struct{})
	out, stdout, _ := outputTo(d)
	line := append(bytes.Repeat([]byte("x"), maxBuffer/4), '\n')
	for range 10 {
		if _, err := out.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if out.Lost() == 0 {
		t.Error("nothing was lost, though nothing was written")
	}
	if got := bytes.Count(stdout.Bytes(), line); got != 10 {
		t.Errorf("%d lines on stdout, want 10", got)
	}
	if !strings.Contains(stdout.String(), errBufferFull.Error()) {
		t.Error("the outage was not told")
	}
	close(d.hang)
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if got := bytes.Count(d.data.Bytes(), line); int64(got)+out.Lost() != 10 {
		t.Errorf("%d lines in the file and %d lost, want 10 in all", got, out.Lost())
	}
}

// TestTheKernelsOwnFullDisk needs no root: Linux has a device that is always full. The log file is a link to it, so that
// nothing could ever move the device itself aside.
func TestTheKernelsOwnFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.log")
	if err := os.Symlink("/dev/full", path); err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	out := NewOutput(&stdout, FileOptions{Path: path, MaxSize: 1})
	logger := New(out, slog.LevelInfo)
	for range 100 {
		logger.Info("Still here")
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(stdout.String(), "Still here"); got != 100 || out.Lost() != 100 {
		t.Errorf("%d lines on stdout and %d lost, want 100 each", got, out.Lost())
	}
	if got := strings.Count(stdout.String(), syscall.ENOSPC.Error()); got != 1 {
		t.Errorf("the outage was told %d times, want once:\n%s", got, &stdout)
	}
}

func TestAPathThatCannotBeAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var stdout bytes.Buffer
	out := NewOutput(&stdout, FileOptions{Path: filepath.Join(file, "app.log"), MaxSize: 1})
	New(out, slog.LevelInfo).Info("Still here")
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(stdout.String(), "Still here") || !strings.Contains(stdout.String(), file) || out.Lost() != 1 {
		t.Errorf("lost %d, stdout:\n%s", out.Lost(), &stdout)
	}
}

func TestRotation(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "logs", "app.log")
	out := NewOutput(io.Discard, FileOptions{Path: path, MaxSize: 1, MaxBackups: 3, Compress: true})
	logger := New(out, slog.LevelInfo)
	const lines = 3000
	for i := range lines { // some 2.4 MB
		logger.Info("line", "number", i, "padding", strings.Repeat("x", 700))
		if i%500 == 499 {
			await(t, func() bool { out.file.mu.Lock(); defer out.file.mu.Unlock(); return len(out.file.buffer) == 0 })
		}
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	// The files moved aside are compressed in the background.
	await(t, func() bool {
		plain, _ := filepath.Glob(filepath.Join(dir, "logs", "app-*.log"))
		zipped, _ := filepath.Glob(filepath.Join(dir, "logs", "app-*.log.gz"))
		return len(plain) == 0 && len(zipped) == 2
	})
	files, _ := filepath.Glob(filepath.Join(dir, "logs", "*"))
	if len(files) != 3 {
		t.Fatalf("files = %q, want the log and two moved aside", files)
	}
	seen := 0
	for _, name := range files {
		seen += bytes.Count(content(t, name), newline)
	}
	if seen != lines || out.Lost() != 0 {
		t.Errorf("%d lines in all files, %d lost; want %d and none", seen, out.Lost(), lines)
	}
}

// await waits until ok.
func await(t *testing.T, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("waited a minute in vain")
		}
	}
}

func content(t *testing.T, name string) []byte {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			t.Fatal(err)
		}
	}
	data, err := io.ReadAll(in)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestCloseTellsWhatTheFileSays(t *testing.T) {
	out := &Output{stdout: io.Discard, file: newFile(broken{}, New(io.Discard, slog.LevelInfo), time.Now)}
	if err := out.Close(); !errors.Is(err, errBroken) {
		t.Errorf("Close = %v", err)
	}
	if _, err := fmt.Fprintln(out, "late"); err != nil {
		t.Errorf("a line after Close: %v", err)
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
func (broken) Close() error              { return errBroken }
