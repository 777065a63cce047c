//go:build integration

package controller_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// TestTokenIsNotTold has the built controller, as talkative as it can be, ask a server that has no good answer and repeats
// the bearer token in what it answers: the token is in no log, metric, status, event or rule.
func TestTokenIsNotTold(t *testing.T) {
	const canary = "canary-83c1"
	cfg, c := ownCluster(t, thresholdCRDs, ruleCRD, prometheusCRD)
	var asked atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := r.Header.Get("Authorization")
		if token != "Bearer "+canary {
			t.Errorf("%s was asked with %q", r.URL, token)
		}
		switch asked.Add(1) % 4 {
		case 0:
			http.Error(w, "unknown token "+token, http.StatusUnauthorized)
		case 1:
			fmt.Fprintf(w, "<p>%s may not</p>", token)
		case 2:
			http.Error(w, "no upstream for "+token, http.StatusBadGateway)
		default:
			panic(http.ErrAbortHandler) // the connection breaks
		}
	}))
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, spec := range map[string]string{
		"one":      "{alert: One, signal: {name: CPU}, levels: [{severity: warning, above: 80%}]}",
		"mistaken": "{alert: Two, expr: 'rate(', levels: [{severity: warning, above: 1}]}", // there is an event about it
	} {
		if err := create(c, thresholdYAML("default", name, spec)); err != nil {
			t.Fatal(err)
		}
	}

	run := buildProgram(t, cfg, controllerUser).start(t, "--log-level=debug", "--prometheus-url", server.URL,
		"--prometheus-token-file", file, "--observe-interval=1s")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(run.output)
		}
	})
	waitFor(t, c, "default", "one", v1alpha1.ConditionLoaded, v1alpha1.ReasonPrometheusUnreachable)
	eventually(t, time.Minute, func() error {
		if n := asked.Load(); n < 20 {
			return fmt.Errorf("asked %d times", n)
		}
		return nil
	})
	metrics, err := fetch(t.Context(), http.DefaultClient, "http://"+run.metrics+"/metrics")
	if err != nil {
		t.Fatal(err)
	}
	run.stop(t, syscall.SIGTERM)
	told := map[string]string{"log": run.output.String(), "metrics": string(metrics)}
	var thresholds v1alpha1.AlertThresholdList
	var events eventsv1.EventList
	if err := c.List(t.Context(), &thresholds); err != nil {
		t.Fatal(err)
	}
	if err := c.List(t.Context(), &events); err != nil {
		t.Fatal(err)
	}
	for what, list := range map[string]any{"thresholds": thresholds, "events": events, "rules": operation{admin: c}.rules(t)} {
		text, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		told[what] = string(text)
	}
	for what, text := range told {
		if strings.Contains(text, canary) {
			t.Errorf("%s: the token is in %s", what, text)
		}
		if len(text) < 100 {
			t.Errorf("%s: nothing was told: %q", what, text)
		}
	}
}
