package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"github.com/plimsoll-dev/plimsoll/hack/test/foreign"
	"github.com/plimsoll-dev/plimsoll/hack/test/prometheusserver"
	"github.com/plimsoll-dev/plimsoll/internal/audit"
	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

const foreignRules = "internal/promapi/testdata/foreign/"

// benchAudit audits the foreign rules, loaded twice by different names, over a week at 30 s, and says whether the server's own
// evaluations were late.
func benchAudit(ctx context.Context, b *testing.B, out io.Writer) error {
	end := time.Now().Add(-3 * time.Hour).Truncate(time.Minute) // the head block is empty: no history may reach it
	dir := b.TempDir()
	server := prometheusserver.Start(b, "global: {evaluation_interval: 30s}\nrule_files: [rules/*.yaml]\n", "--log.level", "error")
	server.Stop()
	foreign.Write(b, foreignRules+"metrics.txt", filepath.Join(dir, "history.txt"), server.DataDir(), end.Add(-historyWindow-time.Hour), end)
	if err := writeTwice(server.RulesDir()); err != nil {
		return err
	}
	server.Start()
	plugin, err := build(ctx, dir, "./cmd/kubectl-plimsoll")
	if err != nil {
		return err
	}
	time.Sleep(time.Minute) // until every group has been evaluated

	before, err := readCounters(ctx, server.URL())
	if err != nil {
		return err
	}
	began := time.Now()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, plugin, "audit", "--prometheus-url", server.URL(), "--end", end.UTC().Format(time.RFC3339), "-o", "json",
		"--kubeconfig", os.DevNull)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%w\n%s", err, &stderr)
	}
	took := time.Since(began)
	after, err := readCounters(ctx, server.URL())
	if err != nil {
		return err
	}
	var report audit.Report
	if err := json.Unmarshal(stdout.Bytes(), &report); err != nil {
		return err
	}
	wrong := map[audit.Kind]int{}
	for _, r := range report.Rules {
		for _, p := range r.Problems {
			wrong[p.Kind]++
		}
	}
	usage, _ := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	load, _ := os.ReadFile("/proc/loadavg")
	_, err = fmt.Fprintf(out, "%d rules over %s at 30 s in %s; %d fires; wrong: %v; the machine's load %s\n"+
		"peak RSS %.0f MiB (target 300); Prometheus: %.0f evaluations of groups, %.0f missed (target 0); CPU %.0f s, %.0f %% of the time\n",
		len(report.Rules), backtest.FormatDuration(historyWindow), took.Round(time.Second), report.Fires, wrong, bytes.TrimSpace(load),
		float64(usage.Maxrss)/1024, after.iterations-before.iterations, after.missed-before.missed,
		after.cpu-before.cpu, 100*(after.cpu-before.cpu)/took.Seconds())
	return err
}

// writeTwice writes the rules as they are, and again with other names and without records.
func writeTwice(dir string) error {
	text, err := os.ReadFile(foreignRules + "rules.yaml")
	if err != nil {
		return err
	}
	var file struct {
		Groups []map[string]any `json:"groups"`
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		return err
	}
	for _, group := range file.Groups {
		var alerts []any
		all, _ := group["rules"].([]any)
		for _, one := range all {
			if rule, _ := one.(map[string]any); rule["alert"] != nil {
				rule["alert"] = fmt.Sprint(rule["alert"], "Again")
				alerts = append(alerts, rule)
			}
		}
		group["name"], group["rules"] = fmt.Sprint(group["name"], "-again"), alerts
	}
	again, err := yaml.Marshal(file)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "a.yaml"), text, 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "b.yaml"), again, 0o644)
}

// counters are what a Prometheus counts of itself.
type counters struct{ iterations, missed, cpu float64 }

func readCounters(ctx context.Context, base string) (counters, error) {
	families, err := scrape(ctx, nil, base+"/metrics")
	sum := func(name string) (total float64) {
		for _, m := range families[name].GetMetric() {
			total += m.GetCounter().GetValue()
		}
		return total
	}
	return counters{sum("prometheus_rule_group_iterations_total"), sum("prometheus_rule_group_iterations_missed_total"), sum("process_cpu_seconds_total")}, err
}
