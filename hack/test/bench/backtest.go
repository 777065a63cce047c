package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"text/tabwriter"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// pastThreshold watches the history with three levels.
const pastThreshold = `
apiVersion: plimsoll.dev/v1alpha1
kind: AlertThreshold
metadata: {name: past, namespace: ` + benchNamespace + `}
spec:
  alert: Past
  expr: load
  levels:
    - {severity: info, above: 80}
    - {severity: warning, above: 90, for: 5m}
    - {severity: critical, above: 95, for: 5m, keepFiringFor: 10m}
`

// benchBacktest asks a real Prometheus with a written history: with the command line's program, and as the admission
// warning does. What the replay alone takes is measured by the package's own benchmark.
func benchBacktest(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("backtest", flag.ContinueOnError)
	series := flags.Int("series", 100, "series of the signal")
	window := flags.Duration("window", 7*24*time.Hour, "time looked back over, every 30 s")
	rounds := flags.Int("rounds", 20, "how often each is done")
	if err := flags.Parse(args); err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "plimsoll-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	end := time.Now().Add(-3 * time.Hour).Truncate(30 * time.Second) // the head block is empty: no history may reach it
	p := past{dir: dir, r: backtest.Window{Start: end.Add(-*window), End: end, Step: 30 * time.Second}}
	if err := p.write(*series); err != nil {
		return err
	}
	stop, err := p.start(ctx, "global: {}\n")
	if err != nil {
		return err
	}
	defer stop()
	if err := p.prepare(ctx); err != nil {
		return err
	}

	fmt.Fprintf(out, "%s every 30 s, %d series, 3 levels, from a real Prometheus on this machine; %d times each\n\n",
		backtest.FormatDuration(*window), *series, *rounds)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "\tmedian\tp95\tpeak RSS\ttarget, p95\t")
	for _, run := range []struct {
		name, target string
		do           func(context.Context) (rss float64, err error)
	}{
		{"kubectl plimsoll backtest", "", p.command("backtest")},
		{"kubectl plimsoll recommend", "", p.command("recommend")},
		{"query and replay of all samples", "", p.all},
		{"of those beyond a line, as on admission", "1000.000 ms", p.admission},
	} {
		var took samples
		peak := 0.0
		for range *rounds {
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
func (p *past) prepare(ctx context.Context) error {
	at, err := decode(pastThreshold)
	if err != nil {
		return err
	}
	plan, errs := rules.Resolve(at)
	if len(errs) > 0 {
		return errs.ToAggregate()
	}
	p.plan = plan
	if p.plugin, err = build(ctx, p.dir, "./cmd/kubectl-plimsoll"); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.dir, "threshold.yaml"), []byte(pastThreshold), 0o644)
}

// command runs the command line's program on the threshold and returns its peak of memory in MB.
func (p *past) command(name string) func(context.Context) (float64, error) {
	return func(ctx context.Context) (float64, error) {
		var stderr bytes.Buffer
		cmd := exec.CommandContext(ctx, p.plugin, name, "-f", filepath.Join(p.dir, "threshold.yaml"), "--prometheus-url", p.url,
			"--end", p.r.End.UTC().Format(time.RFC3339), "--window", backtest.FormatDuration(p.r.End.Sub(p.r.Start)), "-o", "json")
		cmd.Stderr = &stderr
		if err := cmd.Run(); err != nil {
			return 0, fmt.Errorf("%w\n%s", err, &stderr)
		}
		usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		return float64(usage.Maxrss) * 1024 / 1e6, nil // Linux counts in KiB
	}
}

// all replays the threshold's lines on every sample.
func (p *past) all(ctx context.Context) (float64, error) {
	return 0, p.replay(ctx, p.plan.Value.Expr, p.plan.Levels)
}

// admission replays the lines before and after a change, on the samples that can matter.
func (p *past) admission(ctx context.Context) (float64, error) {
	lines := slices.Concat(p.plan.Levels, p.plan.Levels)
	expr, err := backtest.FilterExpr(p.plan.Value.Expr, lines)
	if err != nil {
		return 0, err
	}
	return 0, p.replay(ctx, expr, lines)
}

func (p *past) replay(ctx context.Context, expr string, lines []rules.Level) error {
	replay, err := backtest.NewReplay(p.r, lines)
	if err != nil {
		return err
	}
	if err := p.client.Ingest(ctx, expr, p.r, replay.Ingest); err != nil {
		return err
	}
	if replay.Result().Levels[0].Fires == 0 {
		return errors.New("no line was crossed: the history is not what was written")
	}
	return nil
}

// decode reads a threshold.
func decode(text string) (*v1alpha1.AlertThreshold, error) {
	at := &v1alpha1.AlertThreshold{}
	return at, yaml.UnmarshalStrict([]byte(text), at)
}
