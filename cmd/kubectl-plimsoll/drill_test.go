package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/plimsoll-dev/plimsoll/internal/drill"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
)

// TestVerdict: one receiver that was notified is enough, and what is not known is no result.
func TestVerdict(t *testing.T) {
	for name, tc := range map[string]struct {
		states []drill.State
		code   int
	}{
		"notified":             {[]drill.State{drill.Notified}, 0},
		"by one of a cluster":  {[]drill.State{drill.Waiting, drill.Unknown, drill.Notified}, 0},
		"accepted":             {[]drill.State{drill.Accepted}, 0},
		"kept back":            {[]drill.State{drill.Silenced, drill.Null}, 1},
		"kept back, and a gap": {[]drill.State{drill.Silenced, drill.Unknown}, 2},
	} {
		var d drilled
		for _, state := range tc.states {
			d.Results = append(d.Results, drill.Result{State: state})
		}
		if got := exitCode(d.verdict(), &strings.Builder{}); got != tc.code {
			t.Errorf("%s: exit code %d, want %d", name, got, tc.code)
		}
	}
}

// TestLostAnswer: an alert that may have arrived without an answer is resolved.
func TestLostAnswer(t *testing.T) {
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			sent = append(sent, r.URL.Path)
		}
		http.Error(w, "lost", http.StatusBadGateway)
	}))
	defer server.Close()
	streams, _, _, _ := genericiooptions.NewTestIOStreams()
	o := drillOptions{loader: loader{cli: newCLI(streams)}, duration: duration(time.Hour)}
	done, err := o.fire(t.Context(), drillPlan{}, []promapi.Options{{URL: server.URL}})
	if err != nil || len(done.Results) != 1 || done.Results[0].State != drill.Unknown || len(sent) != 2 {
		t.Errorf("drilled %+v, %v, by %q; want an unknown result and two posts", done, err, sent)
	}
}
