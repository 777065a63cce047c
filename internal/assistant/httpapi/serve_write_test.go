package httpapi

import (
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// deadlineWriter records its deadlines.
type deadlineWriter struct {
	http.ResponseWriter
	deadlines []time.Time
}

func (w *deadlineWriter) Header() http.Header         { return http.Header{} }
func (w *deadlineWriter) WriteHeader(int)             {}
func (w *deadlineWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *deadlineWriter) SetWriteDeadline(d time.Time) error {
	w.deadlines = append(w.deadlines, d)
	return nil
}

func TestEveryWriteHasADeadlineOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &deadlineWriter{}
		r, _ := http.NewRequest(http.MethodGet, "/", nil)
		rec := newRecorder(w, r)
		rec.WriteHeader(http.StatusOK)
		time.Sleep(time.Hour)
		if n, err := rec.Write(make([]byte, writeSize+1)); n != writeSize+1 || err != nil {
			t.Errorf("Write = %d, %v", n, err)
		}
		if len(w.deadlines) != 3 || time.Until(w.deadlines[2]) != writeTimeout {
			t.Errorf("deadlines = %v, want one for the header and two for what is written in two", w.deadlines)
		}
	})
}

// TestAWholeAnswerMayTakeItsTime: no clock but the model's ends a call.
func TestAWholeAnswerMayTakeItsTime(t *testing.T) {
	a, _ := newAPI(t, func(ctx context.Context, r assistant.Request) (assistant.Answer, error) {
		time.Sleep(50 * time.Millisecond)
		return echo(ctx, r)
	})
	s := a.server(t.Context(), a.Handler())
	if s.WriteTimeout != 0 || s.ReadTimeout == 0 || s.ReadHeaderTimeout == 0 {
		t.Errorf("timeouts of the server: write %v, read %v, header %v", s.WriteTimeout, s.ReadTimeout, s.ReadHeaderTimeout)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.Serve(l) }()
	defer s.Close()
	for range 2 { // the second over the same connection
		resp, err := http.Post("http://"+l.Addr().String()+completionsPath, "application/json", strings.NewReader(hello))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != 200 {
			t.Errorf("answer = %d", resp.StatusCode)
		}
	}
}
