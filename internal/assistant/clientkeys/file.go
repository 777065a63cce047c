package clientkeys

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync/atomic"
	"time"
)

// interval is how often the file is read. Only reading it detects every kind of change, also the swapped symbolic links
// of a Kubernetes Secret.
const interval = 2 * time.Second

// File is a file of keys. It is safe for concurrent use.
type File struct {
	path    string
	logger  *slog.Logger
	entries atomic.Pointer[[]entry]

	read        hash   // of the content in use
	lastProblem string // of the last read; only a change is logged
}

// Open reads a file of keys, and reads it again when it changes, until ctx ends. It logs an invalid change and keeps the
// keys as they were. Open fails if the file is invalid.
func Open(ctx context.Context, path string, logger *slog.Logger) (*File, error) {
	f, err := load(path, logger)
	if err != nil {
		return nil, err
	}
	go f.watch(ctx)
	return f, nil
}

func load(path string, logger *slog.Logger) (*File, error) {
	f := &File{path: path, logger: logger}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the client keys: %w", err)
	}
	entries, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("reading the client keys: %s: %w", path, err)
	}
	f.read = sha256.Sum256(data)
	f.entries.Store(&entries)
	return f, nil
}

// Find returns the client that holds key.
func (f *File) Find(key string) (Client, bool) { return find(*f.entries.Load(), key) }

// Names returns the names of all clients, each once.
func (f *File) Names() []string {
	var names []string
	for _, e := range *f.entries.Load() {
		names = append(names, e.client.Name)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// Len returns the number of keys.
func (f *File) Len() int { return len(*f.entries.Load()) }

func (f *File) watch(ctx context.Context) {
	ticks := time.NewTicker(interval)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
			f.reload(ctx)
		}
	}
}

// reload applies the file if it has changed and is valid.
func (f *File) reload(ctx context.Context) {
	data, err := os.ReadFile(f.path)
	if err != nil {
		f.logProblem(ctx, err)
		return
	}
	if sha256.Sum256(data) == f.read {
		f.lastProblem = ""
		return
	}
	entries, err := parse(data)
	if err != nil {
		f.logProblem(ctx, err)
		return
	}
	f.read, f.lastProblem = sha256.Sum256(data), ""
	f.entries.Store(&entries)
	f.logger.InfoContext(ctx, "Client keys reloaded", "file", f.path, "keys", len(entries))
}

// logProblem logs a problem once, not at every read.
func (f *File) logProblem(ctx context.Context, err error) {
	if f.lastProblem == err.Error() {
		return
	}
	f.lastProblem = err.Error()
	f.logger.ErrorContext(ctx, "Client keys not reloaded, the old ones stay", "file", f.path, "error", err.Error())
}
