package bench

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// history is a written history and the Prometheus that serves it.
type history struct {
	dir    string
	r      backtest.Window
	plan   *rules.Plan
	plugin string // the command line's program
	server *prometheusserver.Server
	client *promapi.Client
}

const (
	historyWindow = 7 * 24 * time.Hour
	historySeries = 100
)

// newHistory starts a Prometheus that has a history of that length, with that configuration, until the benchmark ends.
func newHistory(b *testing.B, config string, length time.Duration) (*history, error) {
	end := time.Now().Add(-3 * time.Hour).Truncate(30 * time.Second) // the head block is empty: no history may reach it
	h := &history{dir: b.TempDir(), r: backtest.Window{Start: end.Add(-length), End: end, Step: 30 * time.Second}}
	h.server = prometheusserver.Start(b, config, "--storage.tsdb.retention.time", "1y", "--log.level", "error")
	h.server.Stop()
	if err := h.write(); err != nil {
		return nil, err
	}
	h.server.Start()
	var err error
	h.client, err = promapi.New(promapi.Options{URL: h.server.URL()})
	return h, err
}

// write makes blocks of a history: loads that wander about 70%.
func (h *history) write() error {
	path := filepath.Join(h.dir, "history.txt")
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "# TYPE load gauge")
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range historySeries {
		load := 70.0
		for at := h.r.Start; !at.After(h.r.End); at = at.Add(h.r.Step) {
			load += 0.02*(70-load) + rng.NormFloat64()
			fmt.Fprintf(w, "load{namespace=%q,pod=\"%d\"} %.4f %d\n", benchNamespace, i, load, at.Unix())
		}
	}
	fmt.Fprintln(w, "# EOF")
	if err := w.Flush(); err != nil {
		return err
	}
	args := []string{"tsdb", "create-blocks-from", "openmetrics", "--quiet", path, h.server.DataDir()}
	if h.r.Length() > historyWindow {
		args = append(args, "--max-block-duration=744h") // it reads the file once for each block
	}
	promtool := exec.Command("hack/bin/promtool", args...)
	if msg, err := promtool.CombinedOutput(); err != nil {
		return fmt.Errorf("making blocks of the history: %w\n%s", err, msg)
	}
	return os.Remove(path)
}
