package bench

import (
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/httpapi"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/session"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/system"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// BenchmarkInstrument compares a route of the service with the same handler served bare: what an id, metrics and log of
// every request cost. The target is 2 µs and 3 allocations more.
func BenchmarkInstrument(b *testing.B) {
	instrumented, err := instrumentedHandler()
	if err != nil {
		b.Fatal(err)
	}
	bare := http.NewServeMux()
	bare.HandleFunc("GET /health", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusOK)
		_ = json.NewEncoder(w).Encode(struct {
			Status string `json:"status"`
		}{"healthy"})
	})
	b.Run("bare", func(b *testing.B) { get(b, bare, "/health") })
	b.Run("instrumented", func(b *testing.B) { get(b, instrumented, "/health") })
	b.Run("log and exemplar", func(b *testing.B) { get(b, instrumented, "/v1/models") })
}

func instrumentedHandler() (http.Handler, error) {
	sessions, err := session.NewMemory(session.DefaultLimits(time.Minute))
	if err != nil {
		return nil, err
	}
	reading := func() system.Reading { return system.Reading{} }
	logger := logs.New(io.Discard, slog.LevelInfo)
	recorder := telemetry.New(telemetry.Config{System: reading})
	return httpapi.New(httpapi.Config{Sessions: sessions, Recorder: recorder, System: reading, Logger: logger}).Handler(), nil
}

// get gets one path over and over.
func get(b *testing.B, h http.Handler, path string) {
	b.Helper()
	b.ReportAllocs()
	request, w := httptest.NewRequest(http.MethodGet, path, nil), &discardWriter{header: http.Header{}}
	for b.Loop() {
		clear(w.header)
		h.ServeHTTP(w, request)
	}
}

// discardWriter is an http.ResponseWriter that costs nothing.
type discardWriter struct{ header http.Header }

func (w *discardWriter) Header() http.Header         { return w.header }
func (w *discardWriter) Write(b []byte) (int, error) { return len(b), nil }
func (w *discardWriter) WriteHeader(int)             {}

// SetWriteDeadline does nothing: a connection's costs no allocation either.
func (*discardWriter) SetWriteDeadline(time.Time) error { return nil }
