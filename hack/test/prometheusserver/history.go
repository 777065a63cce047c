package prometheusserver

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/plimsoll-dev/plimsoll/hack/build"
)

// StartWithHistory runs a Prometheus as Start does that has what write writes as OpenMetrics, without its end.
func StartWithHistory(t testing.TB, config string, write func(io.Writer), args ...string) *Server {
	t.Helper()
	file := filepath.Join(t.TempDir(), "history.txt")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(f)
	write(w)
	fmt.Fprintln(w, "# EOF")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	bin, err := build.FindBin()
	if err != nil {
		t.Fatal(err)
	}
	s := Start(t, config, args...)
	s.Stop()
	promtool := exec.Command(filepath.Join(bin, "promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet",
		"--max-block-duration=744h", file, s.DataDir()) // it reads the file once for each block
	if out, err := promtool.CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	s.Start()
	return s
}
