//go:build logs

// Package logtest sends lines of the assistant's logger through a real collector to a real Loki, and restarts both.
package logtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

const (
	total     = 100_000
	perSecond = 4000
	pods      = 2
	longEvery = 1000 // lines longer than a runtime leaves whole
	errEvery  = 100
)

// TestExactlyOnce: every line that assistants write is in Loki once, whole, although the collector and Loki are killed
// and restarted while they write; the alert on their errors reaches Alertmanager.
func TestExactlyOnce(t *testing.T) {
	s := newStack(t)
	eventually(t, time.Minute, s.fires("AssistantLogsMissing")) // nobody has written yet

	written := make([]map[int]string, pods)
	var done sync.WaitGroup
	for pod := range pods {
		out := newPodLog(t, s.podLogs, "ai", podName(pod), "assistant")
		written[pod] = map[int]string{}
		done.Go(func() { writeLines(out, written[pod], pod) })
	}
	finished := make(chan struct{})
	go func() { done.Wait(); close(finished) }()

	restarts := 0
	for during := true; during; restarts++ {
		select {
		case <-finished:
			during = false
		case <-time.After(2 * time.Second):
			s.upset(restarts)
		}
	}
	t.Logf("%d lines written, %d restarts", total, restarts)

	const all = `{k8s_namespace_name="ai", k8s_container_name="assistant"}`
	// What Loki was sent twice is there twice until the chunk that holds the first is written.
	eventually(t, 3*time.Minute, func() error {
		n, err := s.count(all)
		if err == nil && n != total {
			err = fmt.Errorf("Loki counts %d lines of %d", n, total)
		}
		return err
	})
	for pod := range pods {
		s.holds(t, fmt.Sprintf(`{k8s_namespace_name="ai", k8s_pod_name=%q}`, podName(pod)), written[pod])
	}

	eventually(t, time.Minute, s.fires("AssistantLogErrors"))
	eventually(t, time.Minute, func() error {
		held, err := s.held("AssistantLogErrors")
		if err == nil && (len(held) != 1 || held[0]["k8s_namespace_name"] != "ai" || held[0]["severity"] != "warning") {
			err = fmt.Errorf("Alertmanager holds %v, want one of namespace ai", held)
		}
		return err
	})
	if firing, err := s.alerts(); err != nil || firing["AssistantLogsMissing"] || firing["AssistantLogErrorShare"] {
		t.Errorf("firing are %v, %v; want neither lines missing nor a large share of errors", firing, err)
	}
}

func podName(pod int) string { return fmt.Sprintf("plimsoll-assistant-%d", pod) }

// writeLines logs a pod's part of all lines at a steady rate, and keeps what it wrote.
func writeLines(out io.Writer, written map[int]string, pod int) {
	var last bytes.Buffer
	logger := logs.New(io.MultiWriter(out, &last), slog.LevelInfo)
	began := time.Now()
	for i := pod; i < total; i += pods {
		time.Sleep(time.Until(began.Add(time.Duration(i) * time.Second / perSecond)))
		ctx := logs.WithRequestID(context.Background(), fmt.Sprintf("req-%d", i))
		attrs := []slog.Attr{slog.Int("sequence", i), slog.String("endpoint", "/chat")}
		if i%longEvery < pods {
			attrs = append(attrs, slog.String("error", strings.Repeat("long ", 10_000)))
		}
		if i%errEvery < pods {
			logger.LogAttrs(ctx, slog.LevelError, "Request failed", append(attrs, slog.String("error_type", "model_error"))...)
		} else {
			logger.LogAttrs(ctx, slog.LevelInfo, "Request completed", attrs...)
		}
		written[i] = strings.TrimSuffix(last.String(), "\n")
		last.Reset()
	}
}

// upset restarts the collector, mostly without a warning, and Loki now and then.
func (s *stack) upset(n int) {
	switch n % 6 {
	case 2:
		s.collector.restart(syscall.SIGTERM, time.Second)
	case 3:
		s.loki.restart(syscall.SIGTERM, 2*time.Second)
	case 5:
		s.loki.restart(syscall.SIGKILL, 0)
	default:
		s.collector.restart(syscall.SIGKILL, time.Second/2)
	}
}

// holds compares a stream of Loki's with what was written.
func (s *stack) holds(t *testing.T, selector string, want map[int]string) {
	t.Helper()
	got, err := s.lines(selector)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]int{}
	var errs []error
	for _, l := range got {
		i, err := sequence(l.text)
		switch {
		case err != nil:
			errs = append(errs, err)
		case l.text != want[i]:
			errs = append(errs, fmt.Errorf("line %d is %.200q, want %.200q", i, l.text, want[i]))
		}
		seen[i]++
	}
	var missing, doubled int
	for i := range want {
		switch {
		case seen[i] == 0:
			missing++
		case seen[i] > 1:
			doubled++
		}
	}
	if len(errs) > 0 {
		t.Errorf("%s: %d lines are not as they were written: %v", selector, len(errs), errors.Join(errs[:min(3, len(errs))]...))
	}
	if missing > 0 || doubled > 0 || len(got) != len(want) {
		t.Errorf("%s: %d lines in Loki, of %d written %d are missing and %d there more than once",
			selector, len(got), len(want), missing, doubled)
	}
}

func (s *stack) fires(name string) func() error {
	return func() error {
		firing, err := s.alerts()
		if err == nil && !firing[name] {
			err = fmt.Errorf("firing are %v, want %s", firing, name)
		}
		return err
	}
}
