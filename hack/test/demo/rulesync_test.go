package demo

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"time"
)

// TestSyncRules brings rules to a Prometheus that refuses its second reload, which must be tried again.
func TestSyncRules(t *testing.T) {
	var rule atomic.Value
	rule.Store("a")
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"items": [{"metadata": {"namespace": "ai", "name": %q}, "spec": {"groups": []}}]}`, rule.Load())
	}))
	defer api.Close()
	dir := t.TempDir()
	reloads := make(chan []string)
	n := 0
	prometheus := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		for i := range files {
			text, _ := os.ReadFile(files[i])
			files[i] = filepath.Base(files[i]) + string(text)
		}
		if n++; n == 2 {
			w.WriteHeader(http.StatusInternalServerError)
		}
		reloads <- files
	}))
	defer prometheus.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go SyncRules(ctx, http.DefaultClient, api.URL, prometheus.URL, dir)
	for i, name := range []string{"a", "b", "b"} {
		rule.Store(name)
		select {
		case files := <-reloads:
			if want := []string{"ai." + name + `.yaml{"groups": []}`}; !slices.Equal(files, want) {
				t.Errorf("reload %d finds %q, want %q", i+1, files, want)
			}
		case <-time.After(10 * time.Second):
			t.Fatalf("no reload %d", i+1)
		}
	}
	select {
	case files := <-reloads:
		t.Errorf("reloaded without a change: %q", files)
	case <-time.After(syncInterval + time.Second):
	}
}
