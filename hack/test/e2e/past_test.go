//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/demo"
)

const (
	spikes   = 6 // of an hour each, a day apart, in the written history
	proposed = `apiVersion: plimsoll.dev/v1alpha1
kind: AlertThreshold
metadata: {name: past, namespace: ` + demo.Namespace + `}
spec:
  alert: Past
  mode: Shadow
  signal: {name: CPU, matchLabels: {pod: past}}
  levels:
  - {severity: warning, above: LINE, for: 10m}
`
)

// pastIsTold applies a threshold over a week that was written into Prometheus beforehand: the warning of kubectl apply
// and the status must both count its spikes. Its mode is Shadow: nothing may alert.
func (s suite) pastIsTold(t *testing.T) {
	s.writePast(t)
	eventually(t, demo.SlowTimeout, func(ctx context.Context) error { // Prometheus looks for new blocks once a minute
		samples, err := s.Query(ctx, `max_over_time(system_cpu_usage_percent{pod="past"}[7d])`)
		if err == nil && len(samples) == 0 {
			err = fmt.Errorf("the history is not there yet")
		}
		return err
	})

	said := s.apply(t, "80%", "--dry-run=server")
	if want := fmt.Sprintf("would have fired %d times in the last 7d", spikes); !strings.Contains(said, "Warning: ") || !strings.Contains(said, want) {
		t.Errorf("kubectl apply --dry-run=server says %q, want a warning that it %s", said, want)
	}
	s.apply(t, "80%")
	said = s.apply(t, "95%")
	if want := fmt.Sprintf("the present one (> 80%% for 10m) %d times", spikes); !strings.Contains(said, "would have fired 0 times") || !strings.Contains(said, want) {
		t.Errorf("kubectl apply of a higher line says %q, want that it is compared with %s", said, want)
	}
	s.apply(t, "80%")

	want := "warning " + strconv.Itoa(spikes)
	eventually(t, demo.SlowTimeout, func(ctx context.Context) error {
		out, err := s.Kubectl(ctx, "", "get", "alertthreshold", "past", "--namespace", demo.Namespace,
			"-o", "jsonpath={.status.backtest.fires}|{.status.state}|{.status.conditions[?(@.type==\"Loaded\")].status}")
		if err == nil && out != want+"|NoData|True" {
			err = fmt.Errorf("status is %s, want %s|NoData|True", out, want)
		}
		return err
	})
	alerts, err := s.PrometheusAlerts(t.Context(), "Past")
	if err != nil || len(alerts) > 0 {
		t.Errorf("a threshold in mode Shadow alerts: %+v (%v)", alerts, err)
	}
	t.Log("\n" + s.kubectl(t, "get", "alertthresholds", "--namespace", demo.Namespace, "-o", "wide"))
	s.kubectl(t, "delete", "alertthreshold", "past", "--namespace", demo.Namespace)
}

// apply runs kubectl apply of the threshold with that line, and returns all that a person sees.
func (s suite) apply(t *testing.T, line string, args ...string) string {
	t.Helper()
	args = append([]string{"--kubeconfig", s.Cluster.Kubeconfig(), "apply", "-f", "-"}, args...)
	cmd := exec.CommandContext(t.Context(), filepath.Join(s.Root, "hack/bin/kubectl"), args...)
	cmd.Stdin = strings.NewReader(strings.ReplaceAll(proposed, "LINE", line))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("kubectl apply -f - %s\n%s", strings.Join(args[4:], " "), out)
	return string(out)
}

// writePast puts a week of one pod's CPU usage, until three hours ago, into the running Prometheus' storage.
func (s suite) writePast(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "past.txt")
	writeSpikes(t, file, time.Now())
	blocks := filepath.Join(dir, "blocks")
	promtool := exec.CommandContext(t.Context(), filepath.Join(s.Root, "hack/bin/promtool"), "tsdb", "create-blocks-from", "openmetrics", "--quiet", file, blocks)
	if out, err := promtool.CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	processes := podProcesses(t)
	i := slices.IndexFunc(processes, func(p process) bool { return strings.Contains(p.command, "--storage.tsdb.path=/prometheus") })
	if i < 0 {
		t.Fatalf("Prometheus is not among the pods' processes: %+v", processes)
	}
	uid, err := strconv.Atoi(processes[i].uid)
	if err != nil {
		t.Fatal(err)
	}
	storage := filepath.Join("/proc", strconv.Itoa(processes[i].pid), "root/prometheus")
	entries, err := os.ReadDir(blocks)
	if err != nil || len(entries) == 0 {
		t.Fatalf("promtool made no blocks: %v", err)
	}
	for _, block := range entries {
		part := filepath.Join(storage, block.Name()+".tmp-for-creation")
		if err := os.CopyFS(part, os.DirFS(filepath.Join(blocks, block.Name()))); err != nil {
			t.Fatal(err)
		}
		err := filepath.WalkDir(part, func(path string, _ fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			return os.Lchown(path, uid, uid)
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(part, filepath.Join(storage, block.Name())); err != nil {
			t.Fatal(err)
		}
	}
}

// writeSpikes writes the history in OpenMetrics' form.
func writeSpikes(t *testing.T, file string, now time.Time) {
	t.Helper()
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := bufio.NewWriter(f)
	fmt.Fprintln(w, "# TYPE system_cpu_usage_percent gauge")
	for at := now.Add(-7 * 24 * time.Hour); at.Before(now.Add(-3 * time.Hour)); at = at.Add(15 * time.Second) {
		value, ago := 50, now.Sub(at)
		if day := int(ago.Hours()) / 24; ago%(24*time.Hour) < time.Hour && day >= 1 && day <= spikes {
			value = 90
		}
		fmt.Fprintf(w, "system_cpu_usage_percent{namespace=%q,service=%q,pod=\"past\"} %d %d\n", demo.Namespace, demo.Assistant, value, at.Unix())
	}
	fmt.Fprintln(w, "# EOF")
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
}
