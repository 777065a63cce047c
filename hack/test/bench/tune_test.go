package bench

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

const (
	// tuneWindow is a default of kubectl plimsoll tune, and drags is how often a level is moved.
	tuneWindow = 28 * 24 * time.Hour
	drags      = 300
)

// benchTune asks kubectl plimsoll tune as its page does: for the samples, the picture, the curve, and then for one level that moves.
func benchTune(ctx context.Context, b *testing.B, out io.Writer) error {
	h, err := newHistory(b, "global: {}\n", tuneWindow)
	if err != nil {
		return err
	}
	if err := h.prepare(ctx); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, h.plugin, "tune", "-f", filepath.Join(h.dir, "threshold.yaml"), "--no-browser", "--prometheus-url", h.server.URL(),
		"--end", h.r.End.UTC().Format(time.RFC3339), "--window", backtest.FormatDuration(tuneWindow))
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	defer func() { _ = cmd.Cancel(); _ = cmd.Wait() }()
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		return err
	}
	base := regexp.MustCompile(`http://\S+`).FindString(line)
	if err := untilReady(ctx, base); err != nil {
		return err
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(out, "%s every 30 s, %d series, 3 levels, from a real Prometheus on this machine\n\n", backtest.FormatDuration(tuneWindow), historySeries)
	fmt.Fprintf(table, "samples read\t%s\t\n", milliseconds(time.Since(start)))
	for _, path := range []string{"api/series?width=1200&limit=200", "api/curve?severity=warning"} {
		took, err := timeOf(ctx, http.MethodGet, base+path, "")
		if err != nil {
			return err
		}
		fmt.Fprintf(table, "%s\t%s\t\n", path, milliseconds(took))
	}
	for _, moved := range []struct {
		name        string
		least, most float64
	}{{"drag above the noise", 80, 95}, {"drag in the middle of it", 65, 80}} {
		var took samples
		for range drags {
			body := fmt.Sprintf(`{"levels":[{"severity":"info","above":%.2f},{"severity":"warning","above":97,"for":300},{"severity":"critical","above":99,"for":300,"keepFiringFor":600}]}`,
				moved.least+rand.Float64()*(moved.most-moved.least))
			one, err := timeOf(ctx, http.MethodPost, base+"api/replay", body)
			if err != nil {
				return err
			}
			took = append(took, one)
		}
		fmt.Fprintf(table, "%s, p50 and p95\t%s\t%s\ttarget, p95: 50.000 ms\t\n", moved.name, milliseconds(took.percentile(0.5)), milliseconds(took.percentile(0.95)))
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
	if err != nil {
		return err
	}
	fmt.Fprintf(table, "peak RSS\t%s\t\ttarget: 300 MiB\t\n", regexp.MustCompile(`VmHWM:\s+(.*)`).FindSubmatch(status)[1])
	return table.Flush()
}

// untilReady returns when the tuner has read the samples.
func untilReady(ctx context.Context, base string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"api/progress", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		switch lines.Text() {
		case "event: ready":
			return nil
		case "event: failed":
			lines.Scan()
			return fmt.Errorf("the tuner: %s", lines.Text())
		}
	}
	return fmt.Errorf("the tuner has ended: %w", cmp.Or(ctx.Err(), io.ErrUnexpectedEOF))
}

// timeOf asks and returns how long the whole answer took.
func timeOf(ctx context.Context, method, url, body string) (time.Duration, error) {
	start := time.Now()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err
	}
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s: %s", url, resp.Status, text)
	}
	return time.Since(start), nil
}
