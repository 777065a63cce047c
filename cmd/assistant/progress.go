package main

import (
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// progress shows on a terminal how much of the files has been read, until done is called.
func progress(s streams, files []string, read *atomic.Int64) (done func()) {
	if !s.terminal {
		return func() {}
	}
	total := totalSize(files)
	stop := make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() {
		t := time.NewTicker(200 * time.Millisecond)
		defer t.Stop()
		for {
			select {
			case <-stop:
				fmt.Fprint(s.err, "\r\033[K") // leaves a clean line
				return
			case <-t.C:
				fmt.Fprint(s.err, "\r\033[K"+progressText(read.Load(), total))
			}
		}
	})
	return func() {
		close(stop)
		running.Wait()
	}
}

func progressText(read, total int64) string {
	const megabyte = 1e6
	if total <= 0 {
		return fmt.Sprintf("read %.0f MB", float64(read)/megabyte)
	}
	return fmt.Sprintf("read %.0f of %.0f MB, %d%%", float64(read)/megabyte, float64(total)/megabyte, 100*read/total)
}

// totalSize returns the size of all files in bytes; 0 if unknown.
func totalSize(files []string) (total int64) {
	for _, name := range files {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return 0
		}
		total += info.Size()
	}
	return total
}

// isTerminal reports whether f is a terminal.
func isTerminal(f *os.File) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
