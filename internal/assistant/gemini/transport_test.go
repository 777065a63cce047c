package gemini

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/server"
	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

func TestConnectionsAreUsedAgain(t *testing.T) {
	fake, err := server.New(server.Config{Behaviour: server.DefaultBehaviour()})
	if err != nil {
		t.Fatal(err)
	}
	var dialled atomic.Int64
	srv := httptest.NewUnstartedServer(fake)
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			dialled.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	m := newModel(t, srv.URL, 5*time.Second)
	for range 200 {
		if _, err := m.Generate(t.Context(), generate("hello"), nil); err != nil {
			t.Fatal(err)
		}
	}
	if got := dialled.Load(); got != 1 {
		t.Errorf("200 calls dialled %d times, want once", got)
	}
}

func TestAConnectionThatBreaksWithinAnAnswerTruncatesIt(t *testing.T) {
	const usage = `{"promptTokenCount":10,"candidatesTokenCount":2,"totalTokenCount":12}`
	for name, breakOff := range map[string]func(w http.ResponseWriter){
		"closed": func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"reset": func(w http.ResponseWriter) {
			conn, _, err := http.NewResponseController(w).Hijack()
			if err != nil {
				t.Error(err)
				return
			}
			_ = conn.(*net.TCPConn).SetLinger(0)
			_ = conn.Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			received := make(chan struct{})
			m := against(t, func(w http.ResponseWriter, _ *http.Request) {
				_, _ = io.WriteString(w, `[`+piece("a", usage))
				_ = http.NewResponseController(w).Flush()
				<-received // a reset would overtake what is not yet read
				breakOff(w)
			})
			answer, err := m.Generate(t.Context(), generate("hello"), func(assistant.Delta) error {
				close(received)
				return nil
			})
			if assistant.KindOf(err) != assistant.KindTruncated || answer.Text != "a" || answer.Usage.CompletionTokens != 2 {
				t.Errorf("Generate = %+v, %v; want what came, and kind truncated", answer, err)
			}
		})
	}
}

func TestAConnectionThatBreaksBeforeTheAnswerIsUnavailable(t *testing.T) {
	m := against(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	answer, err := m.Generate(t.Context(), generate("hello"), nil)
	if assistant.KindOf(err) != assistant.KindUnavailable || !reflect.DeepEqual(answer, assistant.Answer{}) {
		t.Errorf("Generate = %+v, %v; want kind unavailable", answer, err)
	}
}
