package bench

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs/analysis"
)

// TestTheLogThatIsMeasuredIsALog: every line is one that counts, and they are as many as were asked for.
func TestTheLogThatIsMeasuredIsALog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "app.log")
	end := time.Now()
	const lines = 1000
	if err := writeLog(path, lines, end); err != nil {
		t.Fatal(err)
	}
	log := analysis.Source{Name: path, Open: func() (io.ReadCloser, error) { return os.Open(path) }}
	got, err := analysis.Analyze(t.Context(), []analysis.Source{log}, analysis.Options{To: end})
	if want := (analysis.Lines{Total: lines, Counted: lines}); err != nil || got.Lines != want {
		t.Errorf("lines = %+v, %v; want %+v", got.Lines, err, want)
	}
	if got.Requests.Total != lines/2 || got.Errors.Total != lines/2/errorEvery {
		t.Errorf("%d requests, %d errors; want %d and %d", got.Requests.Total, got.Errors.Total, lines/2, lines/2/errorEvery)
	}
}
