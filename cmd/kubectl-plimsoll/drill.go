package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
	"github.com/plimsoll-dev/plimsoll/internal/drill"
	"github.com/plimsoll-dev/plimsoll/internal/promapi"
	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

type drillOptions struct {
	loader
	prometheus    prometheusOptions
	alertmanagers alertmanagerOptions
	severity      string
	duration      duration
	yes           bool
	output        output
}

func (c *cli) drillCommand() *cobra.Command {
	o := drillOptions{loader: loader{cli: c}, duration: duration(time.Minute), output: newOutput("table", "json", "yaml")}
	cmd := &cobra.Command{
		Use:   "drill (-f FILENAME | NAME) --level SEVERITY --prometheus-url URL",
		Short: "Send a level's alert to Alertmanager, and show who gets it",
		Long: `Send the alert of a level to the Alertmanagers that Prometheus sends to, with the label drill="true", show which receivers
take it, and resolve it. Labels are those that the alert has when it arrives: of the worst series, of Prometheus
(external_labels) and relabeled.

People are notified, and the alert inhibits others as the real one does. So it is shown before it is sent, and sent after
a yes, or with --yes.

The states are:
  notified   the receiver was sent a notification
  accepted   it should have been, and Alertmanager does not tell
  waiting    it was not yet
  failed     every request to the receiver failed
  silenced, inhibited, muted   a silence, another alert or a time interval keeps the alert back
  null       the receiver notifies nobody

What was sent is counted by integration, for all alerts of an Alertmanager: on a busy one another alert may be taken for
this one. The exit code is 1 when no receiver was notified, and when nothing was sent.`,
		Example: `  # What would be sent, and to whom? On a terminal it then asks
  kubectl plimsoll drill slow-response --level critical -n ai --prometheus-url http://localhost:9090

  # Page whoever is on call, through an Alertmanager that only the cluster reaches
  kubectl port-forward service/alertmanager-operated 9093 -n monitoring &
  kubectl plimsoll drill slow-response --level critical -n ai --prometheus-url http://localhost:9090 \
    --alertmanager-url http://localhost:9093 --for 5m --yes`,
		RunE: func(cmd *cobra.Command, names []string) error { return o.run(cmd.Context(), names) },
	}
	o.addFileFlags(cmd)
	o.prometheus.addFlags(cmd)
	o.alertmanagers.addFlag(cmd)
	o.output.addFlag(cmd)
	cmd.Flags().StringVar(&o.severity, "level", "", "severity of the level whose alert is sent")
	cmd.Flags().Var(&o.duration, "for", "how long the alert fires; longer than the group_wait of its route")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "send it without asking")
	return cmd
}

// drillPlan is what a drill sends to whom, as it is shown before.
type drillPlan struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Level     string `json:"level"`
	For       string `json:"for"`
	drill.Alert
	Alertmanagers []string `json:"alertmanagers"`
	Notes         []string `json:"notes,omitempty"`
}

// drilled is a drill and what became of it, as -o json prints it.
type drilled struct {
	drillPlan
	// Resolved is false where an Alertmanager still has the alert.
	Resolved bool           `json:"resolved"`
	Results  []drill.Result `json:"results"`
}

func (o *drillOptions) run(ctx context.Context, names []string) error {
	prometheus, err := o.prometheus.client()
	if err != nil {
		return err
	}
	targets, err := o.load(ctx, names)
	if err != nil {
		return err
	}
	t, level, err := o.choose(targets)
	if err != nil {
		return err
	}
	to, err := o.alertmanagers.find(ctx, o.prometheus, prometheus)
	if err != nil {
		return err
	}
	if len(to) == 0 {
		return fmt.Errorf("drilling %s: Prometheus sends to no Alertmanager, so nobody is notified: set alerting.alertmanagers in its configuration", t)
	}
	plan, err := o.plan(ctx, prometheus, t, level, to)
	if err != nil {
		return fmt.Errorf("drilling %s: %w", t, err)
	}
	if err := o.confirm(ctx, plan); err != nil {
		return err
	}
	done, err := o.fire(ctx, plan, to)
	if err != nil {
		return err
	}
	if err := o.print(done); err != nil {
		return err
	}
	return done.verdict()
}

// choose returns the one threshold and level to drill.
func (o *drillOptions) choose(targets []target) (target, rules.Level, error) {
	if len(targets) != 1 {
		return target{}, rules.Level{}, usageErrorf("must be one AlertThreshold, and there are %d", len(targets))
	}
	t := targets[0]
	if reason := inactiveReason(t, targets); reason != "" {
		return target{}, rules.Level{}, fmt.Errorf("drilling %s: it has no rule, so nothing may be sent for it: %s", t, reason)
	}
	var severities []string
	for _, level := range t.plan.Levels {
		if level.Severity == o.severity {
			return t, level, nil
		}
		severities = append(severities, level.Severity)
	}
	return target{}, rules.Level{}, usageErrorf("must say which level of %s: use --level with one of %s", t, strings.Join(severities, ", "))
}

// plan reads of Prometheus what the alert would be now.
func (o *drillOptions) plan(ctx context.Context, prometheus *promapi.Client, t target, level rules.Level, to []promapi.Options) (drillPlan, error) {
	p := drillPlan{Namespace: t.resource.Namespace, Name: t.resource.Name, Level: level.Severity, For: o.duration.String()}
	for _, options := range to {
		p.Alertmanagers = append(p.Alertmanagers, options.URL)
	}
	if programmed := meta.FindStatusCondition(t.resource.Status.Conditions, v1alpha1.ConditionProgrammed); programmed != nil && programmed.Status != "True" {
		p.Notes = append(p.Notes, "the rule is not in place: "+programmed.Message)
	}
	in := drill.Input{Plan: t.plan, Level: level}
	var err error
	if in.URL, err = url.Parse(o.prometheus.URL); err != nil {
		return p, err
	}
	if in.Values, err = prometheus.Query(ctx, t.plan.Value.Expr, time.Time{}); err != nil {
		return p, err
	}
	text, err := prometheus.Config(ctx)
	if err == nil {
		in.Config, err = drill.ParseConfig(text)
	}
	if err != nil {
		p.Notes = append(p.Notes, fmt.Sprintf("external_labels and alert_relabel_configs are left out: %v", err))
	}
	alert, notes, err := drill.New(in)
	p.Alert, p.Notes = alert, append(p.Notes, notes...)
	return p, err
}

// confirm shows the plan, and fails unless somebody said yes.
func (o *drillOptions) confirm(ctx context.Context, plan drillPlan) error {
	fmt.Fprintln(o.ErrOut, "This alert fires, and then is resolved. Who is on call may be paged.")
	if err := printAs("yaml", o.ErrOut, plan); err != nil || o.yes {
		return err
	}
	if !isTerminal(o.In) {
		fmt.Fprintln(o.ErrOut, "nothing was sent: add --yes to send it")
		return errCheckFailed
	}
	fmt.Fprint(o.ErrOut, "Send it? [y/N]: ")
	if answer := readLine(ctx, o.In); !slices.Contains([]string{"y", "yes"}, strings.ToLower(answer)) {
		fmt.Fprintln(o.ErrOut, "nothing was sent")
		return errCheckFailed
	}
	return nil
}

// readLine returns the next line without its spaces; empty when the context ends first.
func readLine(ctx context.Context, r io.Reader) string {
	line := make(chan string, 1)
	go func() {
		text, _ := bufio.NewReader(r).ReadString('\n')
		line <- strings.TrimSpace(text)
	}()
	select {
	case text := <-line:
		return text
	case <-ctx.Done():
		return ""
	}
}

func (o *drillOptions) print(done drilled) error {
	if o.output.format != "table" {
		return printAs(o.output.format, o.Out, done)
	}
	table := printers.GetNewTabWriter(o.Out)
	fmt.Fprintln(table, "ALERTMANAGER\tRECEIVER\tSTATE\tNOTE")
	for _, r := range done.Results {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", r.Alertmanager, r.Receiver, r.State, r.Note)
	}
	return table.Flush()
}

// verdict fails when no receiver was notified, or when that is not known.
func (d drilled) verdict() error {
	if slices.ContainsFunc(d.Results, drill.Result.Reached) {
		return nil
	}
	for _, r := range d.Results {
		if r.State == drill.Unknown {
			return fmt.Errorf("drilling AlertThreshold %s/%s: Alertmanager %s does not tell what became of the alert", d.Namespace, d.Name, r.Alertmanager)
		}
	}
	return errCheckFailed
}
