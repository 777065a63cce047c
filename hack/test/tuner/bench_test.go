//go:build tuner

package tuner

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

const (
	manySeries    = 100
	manyThreshold = `{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: load, namespace: ai}, spec: {alert: Load, expr: load,
  levels: [{severity: info, above: 80}, {severity: warning, above: 90, for: 5m}, {severity: critical, above: 95, for: 5m, keepFiringFor: 10m}]}}`
)

// speed is what speed.mjs measured: milliseconds and megabytes.
type speed struct {
	Picture, Heap float64
	Drags         map[string]struct{ Answers, Server, P50, P95, Frames, Slowest float64 }
}

// BenchmarkPage measures the page over 4 weeks of 100 series at 30 s, with 3 levels. It prints a table, and fails for nothing that is slow.
func BenchmarkPage(b *testing.B) {
	s := newStage(b, func(w io.Writer) {
		fmt.Fprintln(w, "# TYPE load gauge")
		rng := rand.New(rand.NewPCG(1, 2))
		for i := range manySeries {
			load := 70.0
			for at := start; !at.After(end); at = at.Add(step) {
				load += 0.02*(70-load) + rng.NormFloat64()
				fmt.Fprintf(w, "load{namespace=\"ai\",pod=\"%d\"} %.4f %d\n", i, load, at.Unix())
			}
		}
	})
	file := filepath.Join(b.TempDir(), "load.yaml")
	if err := os.WriteFile(file, []byte(manyThreshold), 0o600); err != nil {
		b.Fatal(err)
	}
	url, process := s.start(b, "-f", file)
	began := time.Now()
	s.drive(b, "speed.mjs", func(r result) string {
		if r.Error != "" {
			b.Fatal(r.Error)
		}
		fmt.Printf("%d days every %s, %d series, 3 levels; %s until all was dragged\n\n", days, step, manySeries, time.Since(began).Round(time.Second))
		table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(table, "dragged level\tanswers\tserver p50\tshown p50\tp95\tframes a second\tslowest frame, p99\t")
		for _, severity := range []string{"info", "warning", "critical"} {
			d := r.Speed.Drags[severity]
			fmt.Fprintf(table, "%s\t%.0f\t%.1f ms\t%.1f ms\t%.1f ms\t%.0f\t%.0f ms\t\n", severity, d.Answers, d.Server, d.P50, d.P95, d.Frames, d.Slowest)
		}
		_ = table.Flush()
		fmt.Printf("\nfirst picture %.0f ms after the samples were there; JavaScript heap %.0f MB; plugin %s at most\n",
			r.Speed.Picture, r.Speed.Heap, peakMemory(process.Pid))
		return ""
	}, "TUNER_URL="+url)
}

// peakMemory is the most resident memory that a process has had.
func peakMemory(pid int) string {
	f, err := os.Open(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return err.Error()
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if kb, ok := strings.CutPrefix(lines.Text(), "VmHWM:"); ok {
			return strings.TrimSpace(kb)
		}
	}
	return "unknown"
}
