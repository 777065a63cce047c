package clientkeys

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// interval is how often the file is read. Reading it whole, rather than asking for its date or to be notified, sees
// every way a file can change, also the swapped symbolic links of a Kubernetes Secret.
const interval = 2 * time.Second

// File is a file of keys. It is safe for concurrent use.
type File struct {
	path    string
	logger  *slog.Logger
	entries atomic.Pointer[[]entry]

	read        hash   // of the content in use
	lastProblem string // with what was read last; only a change is worth a log line
}

// Open reads a file of keys and reads it again whenever it changes, until ctx ends. A change that cannot be used is
// logged, and the keys stay as they were. Open fails if the file cannot be used to begin with.
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

// Len is the number of keys.
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

// reload takes over what the file holds now, if it has changed and can be used.
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

// complain logs a problem once, not at every look.
func (f *File) logProblem(ctx context.Context, err error) {
	if f.lastProblem == err.Error() {
		return
	}
	f.lastProblem = err.Error()
	f.logger.ErrorContext(ctx, "Client keys not reloaded, the old ones stay", "file", f.path, "error", err.Error())
}
