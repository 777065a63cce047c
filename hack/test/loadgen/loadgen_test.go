package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestRunAgainstAServer(t *testing.T) {
	var calls atomic.Int32
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var in struct {
			SessionID string `json:"session_id"`
			Message   string `json:"message"`
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.SessionID == "" || in.Message == "" || r.URL.Path != "/chat" {
			t.Errorf("request %s %+v, %v", r.URL, in, err)
		}
		if calls.Add(1)%2 == 0 {
			w.WriteHeader(http.StatusTooManyRequests)
		}
	}))
	defer srv.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	var out bytes.Buffer
	if err := run(ctx, []string{"--url", srv.URL + "/", "--rate=200"}, &out); err != nil {
		t.Fatal(err)
	}
	failed := calls.Load() / 2
	if want := fmt.Sprintf("%d answered, %d failed, ", calls.Load()-failed, failed); calls.Load() == 0 || !strings.Contains(out.String(), want) {
		t.Errorf("the summary lacks %q:\n%s", want, out.String())
	}
}

func TestBadFlags(t *testing.T) {
	for _, bad := range []string{"--rate=0", "--rate=NaN", "--rate=1e9", "--speed=1"} {
		if err := run(t.Context(), []string{bad}, io.Discard); err == nil {
			t.Errorf("run %s succeeded", bad)
		}
	}
}
