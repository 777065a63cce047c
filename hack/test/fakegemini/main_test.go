package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"strings"
	"testing"
	"time"
)

func TestFlags(t *testing.T) {
	listen, c, err := parse([]string{
		"--listen=:1", "--latency=2s", "--latency-jitter=1s", "--error-rate=0.5", "--completion-tokens=4",
	}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	b := c.Behaviour
	if listen != ":1" || b.Latency != 2*time.Second || b.LatencyJitter != time.Second ||
		b.ErrorRate != 0.5 || b.CompletionTokens != 4 {
		t.Errorf("parsed %q %+v", listen, c)
	}
	if _, _, err := parse([]string{"--help"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("--help = %v", err)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	if err := run(ctx, []string{"--listen=127.0.0.1:0"}, &out); err != nil {
		t.Errorf("run = %v", err)
	}
	if !strings.Contains(out.String(), "listening on 127.0.0.1:0") {
		t.Errorf("output = %q", out.String())
	}
	for _, bad := range []string{"--error-rate=2", "--listen=nowhere:nothing"} {
		if err := run(t.Context(), []string{bad}, io.Discard); err == nil {
			t.Errorf("run %s succeeded", bad)
		}
	}
}
