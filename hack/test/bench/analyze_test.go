package bench

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"text/tabwriter"
	"time"
)

//go:embed baseline.py
var baseline []byte

const (
	// lines is the length of the first log; the second is growth times longer: memory must not follow.
	lines, growth = 1_000_000, 4
	// rounds is how often each program runs.
	rounds = 3
)

// counts are what both programs find; if they differ, one of them is wrong and no time means anything.
type counts struct {
	Errors      uint64  `json:"errors"`
	Requests    uint64  `json:"requests"`
	AvgDuration float64 `json:"avg_duration"`
}

// analyses runs the two programs.
type analyses struct {
	assistant, script string
	since             time.Time
}

// benchAnalyze runs `assistant analyze` and the Python baseline in turn over two logs.
func benchAnalyze(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "plimsoll-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	end := time.Now()
	a := analyses{filepath.Join(dir, "assistant"), filepath.Join(dir, "baseline.py"), end.Add(-30 * 24 * time.Hour)}
	if err := os.WriteFile(a.script, baseline, 0o600); err != nil {
		return err
	}
	if _, err := build(ctx, dir, "./cmd/assistant"); err != nil {
		return err
	}
	fmt.Fprintf(out, "assistant analyze and a plain Python loop, in turn, %d times each; medians; %d CPUs\n\n", rounds, runtime.NumCPU())
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "lines\tMB\tassistant\tPython\tratio\tleast\tassistant RSS\tPython RSS\t")
	for _, n := range []int{lines, growth * lines} {
		log := filepath.Join(dir, strconv.Itoa(n)+".log")
		if err := writeLog(log, n, end); err != nil {
			return err
		}
		if err := a.compare(ctx, table, log, n); err != nil {
			return err
		}
		if err := os.Remove(log); err != nil {
			return err
		}
	}
	return table.Flush()
}

// compare runs both programs in turn over a log and adds their row.
func (a analyses) compare(ctx context.Context, table io.Writer, log string, n int) error {
	info, err := os.Stat(log)
	if err != nil {
		return err
	}
	var ours, python []measured
	for range rounds {
		p, err := a.python(ctx, log)
		if err != nil {
			return err
		}
		o, err := a.ours(ctx, log)
		if err != nil {
			return err
		}
		if o.Errors != p.Errors || o.Requests != p.Requests || math.Abs(o.AvgDuration-p.AvgDuration) > 1e-6 {
			return fmt.Errorf("the two disagree: assistant %+v, Python %+v", o.counts, p.counts)
		}
		ours, python = append(ours, o), append(python, p)
	}
	least := math.Inf(1)
	for i := range ours {
		least = min(least, python[i].took.Seconds()/ours[i].took.Seconds())
	}
	o, p := median(ours), median(python)
	_, err = fmt.Fprintf(table, "%d\t%d\t%.3f s\t%.3f s\t%.1f\t%.1f\t%.1f MB\t%.1f MB\t\n", n, info.Size()/1e6,
		o.took.Seconds(), p.took.Seconds(), p.took.Seconds()/o.took.Seconds(), least, o.rss, p.rss)
	return err
}

type measured struct {
	counts
	took time.Duration
	rss  float64 // MB at the peak
}

func median(all []measured) measured {
	slices.SortFunc(all, func(a, b measured) int { return cmp.Compare(a.took, b.took) })
	return all[len(all)/2]
}

func (a analyses) python(ctx context.Context, log string) (m measured, err error) {
	cutoff := strconv.FormatInt(a.since.Unix(), 10)
	err = m.run(exec.CommandContext(ctx, "python3", a.script, log, cutoff), &m.counts)
	return m, err
}

func (a analyses) ours(ctx context.Context, log string) (m measured, err error) {
	var report struct {
		Errors struct {
			Total uint64 `json:"total_errors"`
		}
		Requests struct {
			Total       uint64  `json:"total_requests"`
			AvgDuration float64 `json:"avg_duration"`
		}
	}
	since := a.since.UTC().Format(time.RFC3339)
	err = m.run(exec.CommandContext(ctx, a.assistant, "analyze", "-o", "json", "--since", since, log), &report)
	m.counts = counts{report.Errors.Total, report.Requests.Total, report.Requests.AvgDuration}
	return m, err
}

// run runs a program, from its start to its end, and reads the JSON that it prints.
func (m *measured) run(c *exec.Cmd, into any) error {
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	start := time.Now()
	if err := c.Run(); err != nil {
		return fmt.Errorf("running %s: %w\n%s", c.Path, err, &stderr)
	}
	m.took = time.Since(start)
	if usage, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
		m.rss = float64(usage.Maxrss) * 1024 / 1e6 // Linux counts in KiB
	}
	if err := json.Unmarshal(stdout.Bytes(), into); err != nil {
		return fmt.Errorf("reading what %s printed: %w", c.Path, err)
	}
	return nil
}
