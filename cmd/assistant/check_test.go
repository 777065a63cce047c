package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
)

func TestCheck(t *testing.T) {
	keys := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(keys, []byte("helm:canary-client-key-0123456789\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, "--client-keys-file="+keys)
	for name, tc := range map[string]struct {
		key, telemetry string
		wants          string // in the output, or in the error
		fails          bool
	}{
		"well":              {key: "canary-client-key-0123456789", telemetry: p.telemetry, wants: "ok  GET /metrics: "},
		"without the key":   {telemetry: p.telemetry, fails: true, wants: "POST /chat: "},
		"not its telemetry": {key: "canary-client-key-0123456789", telemetry: p.url, fails: true, wants: "GET /metrics: "},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			err := check(t.Context(), []string{p.url, tc.telemetry + "/"}, env("PLIMSOLL_CHECK_KEY", tc.key), &out)
			said := out.String()
			if tc.fails != (err != nil) {
				t.Fatalf("error = %v, output %q", err, said)
			}
			if err != nil {
				said = err.Error()
			}
			if !strings.Contains(said, tc.wants) || strings.Contains(said, "canary-client-key") {
				t.Errorf("it says %q, want %q and no key", said, tc.wants)
			}
		})
	}
}

func TestCheckFailedChat(t *testing.T) {
	p := start(t)
	behaviour := server.DefaultBehaviour()
	behaviour.ErrorRate = 1
	p.fake.SetBehaviour(behaviour)
	if err := check(t.Context(), []string{p.url, p.telemetry}, env(), &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "POST /chat") {
		t.Errorf("error = %v, want one about the chat", err)
	}
	if err := check(t.Context(), []string{p.url}, env(), &bytes.Buffer{}); !errors.As(err, &usageError{}) {
		t.Errorf("one URL: error = %v, want one about the usage", err)
	}
}
