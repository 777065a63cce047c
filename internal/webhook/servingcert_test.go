package webhook

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-logr/logr"
)

// TestFolder starts with an empty folder, as cert-manager may leave it for a while.
func TestFolder(t *testing.T) {
	dir := t.TempDir()
	pair := &servingCert{load: fromFolder(dir), log: logr.Discard(), ready: make(chan struct{})}
	if _, err := pair.load(t.Context()); err == nil {
		t.Error("a key pair came from nowhere")
	}
	if pair.check(nil) == nil {
		t.Error("healthy without a key pair")
	}
	done := make(chan error, 1)
	go func() { done <- pair.Start(t.Context()) }()

	data, _, err := renew(nil, "hook.ai.svc", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{certFile, keyFile} {
		if err := os.WriteFile(filepath.Join(dir, name), data[name], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-pair.ready:
	case err := <-done:
		t.Fatalf("gave up: %v", err)
	}
	if err := pair.check(nil); err != nil {
		t.Error(err)
	}
	if got := pair.loaded.Load().Leaf.DNSNames[0]; got != "hook.ai.svc" {
		t.Errorf("the certificate is of %s", got)
	}
}
