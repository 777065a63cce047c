package bench

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"text/tabwriter"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// historyThreshold watches the history with three levels.
const historyThreshold = `
apiVersion: plimsoll.dev/v1alpha1
kind: AlertThreshold
metadata: {name: history, namespace: ` + benchNamespace + `}
spec:
  alert: History
  expr: load
  levels:
    - {severity: info, above: 80}
    - {severity: warning, above: 90, for: 5m}
    - {severity: critical, above: 95, for: 5m, keepFiringFor: 10m}
`

// benchBacktest asks a real Prometheus with a written history: with the command line's program, and as the admission
// warning does. What the replay alone takes is measured by the package's own benchmark.
func benchBacktest(ctx context.Context, b *testing.B, out io.Writer) error {
	h, err := newHistory(b, "global: {}\n", historyWindow)
	if err != nil {
		return err
	}
	if err := h.prepare(ctx); err != nil {
		return err
	}

	fmt.Fprintf(out, "%s every 30 s, %d series, 3 levels, from a real Prometheus on this machine; %d times each\n\n",
		backtest.FormatDuration(historyWindow), historySeries, repetitions)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tmedian\tp95\tpeak RSS\ttarget, p95\t")
	for _, run := range []struct {
		name, target string
		do           func(context.Context) (rss float64, err error)
	}{
		{"kubectl plimsoll backtest", "", h.command("backtest")},
		{"kubectl plimsoll recommend", "", h.command("recommend")},
		{"query and replay of all samples", "", h.all},
		{"of those beyond a level, as on admission", "1000.000 ms", h.admission},
	} {
		var took samples
		peak := 0.0
		for range repetitions {
			start := time.Now()
			rss, err := run.do(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", run.name, err)
			}
			took, peak = append(took, time.Since(start)), max(peak, rss)
		}
		memory := ""
		if peak > 0 {
			memory = fmt.Sprintf("%.0f MB", peak)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t\n", run.name, milliseconds(took.percentile(0.5)), milliseconds(took.percentile(0.95)), memory, run.target)
	}
	return table.Flush()
}

// prepare builds the program that asks Prometheus, and writes the threshold for it.
func (h *history) prepare(ctx context.Context) error {
	at, err := decode(historyThreshold)
	if err != nil {
		return err
	}
	plan, errs := rules.Resolve(at)
	if len(errs) > 0 {
		return errs.ToAggregate()
	}
	h.plan = plan
	if h.plugin, err = build(ctx, h.dir, "./cmd/kubectl-plimsoll"); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(h.dir, "threshold.yaml"), []byte(historyThreshold), 0o644)
}

// command runs the command line's program on the threshold and returns its peak of memory in MB.
func (h *history) command(name string) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		var stderr bytes.Buffer
		cmd := exec.CommandContext(ctx, h.plugin, name, "-f", filepath.Join(h.dir, "threshold.yaml"), "--prometheus-url", h.server.URL(),
			"--end", h.r.End.UTC().Format(time.RFC3339), "--window", backtest.FormatDuration(h.r.End.Sub(h.r.Start)), "-o", "json")
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			return 0, fmt.Errorf("%w\n%s", err, &stderr)
		}
		usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		return float64(usage.Maxrss) * 1024 / 1e6, nil // Linux counts in KiB
	}
}

// all replays the threshold's levels on every sample.
func (h *history) all(ctx context.Context) (float64, error) {
	return 0, h.replay(ctx, h.plan.Value.Expr, h.plan.Levels)
}

// admission replays the levels before and after a change, on the samples that can matter.
func (h *history) admission(ctx context.Context) (float64, error) {
	levels := slices.Concat(h.plan.Levels, h.plan.Levels)
	expr, err := backtest.FilterExpr(h.plan.Value.Expr, levels)
	if err != nil {
		return 0, err
	}
	return 0, h.replay(ctx, expr, levels)
}

func (h *history) replay(ctx context.Context, expr string, levels []rules.Level) error {
	replay, err := backtest.NewReplay(h.r, levels)
	if err != nil {
		return err
	}
	if err := h.client.Ingest(ctx, expr, h.r, replay.Ingest); err != nil {
		return err
	}
	if replay.Result().Levels[0].Fires == 0 {
		return errors.New("no level was crossed: the history is not what was written")
	}
	return nil
}

// decode reads a threshold.
func decode(text string) (*v1alpha1.AlertThreshold, error) {
	at := &v1alpha1.AlertThreshold{}
	return at, yaml.UnmarshalStrict([]byte(text), at)
}
