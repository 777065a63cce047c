package demo

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

// report prints, from the live cluster, what a person would look at.
func (e *Env) report(ctx context.Context, out io.Writer) error {
	if err := e.show(ctx, out, "get", "pods", "--all-namespaces"); err != nil {
		return err
	}
	if e.Cluster.Depth == cluster.ControlPlane {
		fmt.Fprintf(out, "No node runs these pods. Their programs are processes of this machine, with logs in %s\n",
			filepath.Dir(e.Cluster.LogFile("assistant")))
	}
	if err := e.show(ctx, out, "get", "alertthresholds", "--namespace", Namespace); err != nil {
		return err
	}
	if err := e.alertTable(ctx, out); err != nil {
		return err
	}
	e.addresses(out)
	return nil
}

// show prints a kubectl command and its answer.
func (e *Env) show(ctx context.Context, out io.Writer, args ...string) error {
	text, err := e.Kubectl(ctx, "", args...)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "\n$ kubectl %s\n%s", strings.Join(args, " "), text)
	return nil
}

func (e *Env) alertTable(ctx context.Context, out io.Writer) error {
	fires, err := e.PrometheusAlerts(ctx, alertName)
	if err != nil {
		return err
	}
	held, err := e.AlertmanagerAlerts(ctx, alertName)
	if err != nil {
		return err
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "SEEN BY\tALERT\tSEVERITY\tENDPOINT\tSTATE\tVALUE")
	row := func(by string, a Alert, value string) {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", by, alertName, a.Labels["severity"], a.Labels["endpoint"], a.State, value)
	}
	for _, a := range fires {
		row("Prometheus", a, seconds(a.Value))
	}
	for _, a := range held {
		row("Alertmanager", a, "")
	}
	return w.Flush()
}

func seconds(value string) string {
	v, err := strconv.ParseFloat(value, 64)
	if err != nil {
		return value
	}
	return fmt.Sprintf("%.2fs", v)
}

// addresses tells how to reach each part.
func (e *Env) addresses(out io.Writer) {
	fmt.Fprintf(out, `
Prometheus     %s
Alertmanager   %s
The assistant  %s, as in
  curl -s %[3]s/chat -H 'Content-Type: application/json' -d '{"message": "hello"}'

To look around:
  export KUBECONFIG=%s PATH=%s:$PATH
  kubectl plimsoll status slow-replies -n %s --prometheus-url %[1]s
  kubectl plimsoll recommend slow-replies -n %[6]s --prometheus-url %[1]s --window 10m
`, e.PrometheusURL, e.AlertmanagerURL, e.AssistantURL, e.Cluster.Kubeconfig(), e.bin, Namespace)
	if e.LokiURL != "" {
		fmt.Fprintf(out, `  curl -sG %s/loki/api/v1/query_range --data-urlencode 'query=%s | json | level="ERROR"'
  curl -s %[1]s/prometheus/api/v1/rules     # alerts on log lines
`, e.LokiURL, logQuery)
	}
	if e.Cluster.Depth == cluster.Node {
		fmt.Fprintf(out, `  kubectl -n %[1]s port-forward service/%[2]s 8000
  kubectl -n %[3]s port-forward service/%[4]s-prometheus 9090
  kubectl -n %[3]s port-forward service/%[4]s-alertmanager 9093
`, Namespace, Assistant, StackNamespace, StackRelease)
	}
	fmt.Fprintln(out, "Grafana is left out: no Go module carries it. With an image of it, set grafana.enabled of charts/plimsoll-stack.")
	fmt.Fprintln(out, "To remove all of it: make demo-down")
}
