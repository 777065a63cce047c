package demo

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"text/tabwriter"

	"github.com/plimsoll-dev/plimsoll/hack/cluster"
)

// report prints, from the live cluster, what a person would look at.
func (e *Env) report(ctx context.Context, out io.Writer) error {
	for _, args := range [][]string{
		{"get", "pods", "--all-namespaces"},
		{"get", "alertthresholds", "--namespace", Namespace},
	} {
		text, err := e.Kubectl(ctx, "", args...)
		if err != nil {
			return err
		}
		if text == "" {
			continue // a control plane has no pods
		}
		fmt.Fprintf(out, "\n$ kubectl")
		for _, a := range args {
			fmt.Fprintf(out, " %s", a)
		}
		fmt.Fprintf(out, "\n%s", text)
	}
	if err := e.alertTable(ctx, out); err != nil {
		return err
	}
	e.addresses(out)
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
	fmt.Fprintf(out, "\nTo look around:\n  export KUBECONFIG=%s PATH=%s:$PATH\n", e.Cluster.Kubeconfig(), e.bin)
	if e.Cluster.Depth == cluster.Node {
		fmt.Fprintf(out, `  kubectl -n %[1]s port-forward service/%[2]s 8000             # the assistant
  kubectl -n %[3]s port-forward service/%[4]s-prometheus 9090
  kubectl -n %[3]s port-forward service/%[4]s-alertmanager 9093
`, Namespace, Assistant, StackNamespace, StackRelease)
	}
	w := tabwriter.NewWriter(out, 2, 0, 3, ' ', 0)
	fmt.Fprintf(w, "  assistant\t%s\tfrom this machine\n", e.AssistantURL)
	fmt.Fprintf(w, "  Prometheus\t%s\t\n", e.PrometheusURL)
	fmt.Fprintf(w, "  Alertmanager\t%s\t\n", e.AlertmanagerURL)
	w.Flush()
	fmt.Fprintf(out, "  curl -s %s/chat -d '{\"message\": \"hello\"}'\nTo remove all of it: make demo-down\n", e.AssistantURL)
}
