//go:build logs

package logtest

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

const (
	// cut is where a container runtime cuts a line.
	cut = 16 << 10
	// rotated is the size at which the kubelet moves a file aside; its default of 10 MiB would be too few times.
	rotated = 2 << 20
)

// podLog writes lines into a container's log file as a runtime does, and moves the file aside as the kubelet does.
type podLog struct {
	t    testing.TB
	path string

	mu    sync.Mutex
	file  *os.File
	size  int
	last  time.Time
	aside int // files
}

// newPodLog makes a container's log in the folder of all pods' logs.
func newPodLog(t testing.TB, dir, namespace, pod, container string) *podLog {
	t.Helper()
	folder := filepath.Join(dir, namespace+"_"+pod+"_5f0c4ba1-0d6e-4c3a-9c1b-2b1f6a1f0a11", container)
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	l := &podLog{t: t, path: filepath.Join(folder, "0.log")}
	l.open()
	t.Cleanup(func() { l.file.Close() })
	return l
}

func (l *podLog) open() {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
	if err != nil {
		l.t.Error(err)
	}
	l.file, l.size = file, 0
}

// Write takes one line, as the runtime reads it from a container's standard output.
func (l *podLog) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := line[:len(line)-1]
	var out []byte
	for len(text) > cut {
		out = append(out, l.header("P")...)
		out = append(append(out, text[:cut]...), '\n')
		text = text[cut:]
	}
	out = append(out, l.header("F")...)
	out = append(append(out, text...), '\n')
	n, err := l.file.Write(out)
	l.size += n
	if err != nil {
		return 0, err
	}
	if l.size > rotated {
		if err := l.rotate(); err != nil {
			return 0, err
		}
	}
	return len(line), nil
}

func (l *podLog) header(tag string) string {
	now := time.Now()
	if !now.After(l.last) {
		now = l.last.Add(1)
	}
	l.last = now
	return fmt.Sprintf("%s stdout %s ", now.UTC().Format("2006-01-02T15:04:05.000000000Z07:00"), tag)
}

func (l *podLog) rotate() error {
	// The kubelet's names have seconds; here there may be several in one.
	name := fmt.Sprintf("%s.%s-%06d", l.path, time.Now().UTC().Format("20060102"), l.aside)
	if err := errors.Join(l.file.Close(), os.Rename(l.path, name)); err != nil {
		return err
	}
	l.aside++
	l.open()
	return nil
}
