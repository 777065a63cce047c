package demo

import (
	"context"
	"errors"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

// InstallLogs adds Loki and its collector to the stack, which Install leaves out: they are more than a third of all that is
// compiled, and no alert of Prometheus' needs them. On a control plane, where nothing writes logs, it does nothing.
func (d *Demo) InstallLogs(ctx context.Context, e *Env) error {
	if e.Cluster.Depth == cluster.ControlPlane {
		return nil
	}
	if err := d.load(ctx, e.Cluster, d.parts.logs); err != nil {
		return err
	}
	if err := e.stack(ctx, installLogs, true); err != nil {
		return err
	}
	var err error
	e.LokiURL, err = e.service(ctx, StackNamespace, StackRelease+"-loki")
	return err
}

// stack installs the evaluation stack, or upgrades it.
func (e *Env) stack(ctx context.Context, step string, logs bool) error {
	enabled := strconv.FormatBool(logs)
	return e.steps.Do(ctx, step, func(ctx context.Context) error {
		return e.chart(ctx, StackRelease, StackNamespace, "charts/plimsoll-stack", "stack-values.yaml",
			"--set", "loki.enabled="+enabled+",collector.enabled="+enabled)
	})
}

// hasLogs reports whether an earlier demo has installed them.
func (e *Env) hasLogs(ctx context.Context) (bool, error) {
	name, err := e.Kubectl(ctx, "", "get", "service", StackRelease+"-loki", "--namespace", StackNamespace, "--ignore-not-found", "-o", "name")
	return name != "", err
}

// waitLogs returns when lines of the assistant have come to Loki.
func (e *Env) waitLogs(ctx context.Context) error {
	return cluster.Poll(ctx, SlowTimeout, func(ctx context.Context) error {
		lines, err := e.Logs(ctx, logQuery)
		if err == nil && len(lines) == 0 {
			err = errors.New("no line of the assistant in Loki")
		}
		return err
	})
}
