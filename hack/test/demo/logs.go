package demo

import (
	"context"
	"errors"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

// logTools are what keeps and collects logs: more than half of all that is compiled, and no alert of Prometheus' needs it.
var logTools = []string{"loki", "otelcol"}

// InstallLogs builds Loki and its collector, which Install leaves out, and adds them to the stack. On a control plane, where
// nothing writes logs, it does nothing.
func (e *Env) InstallLogs(ctx context.Context, b build.Builder) error {
	if e.Cluster.Depth == cluster.ControlPlane {
		return nil
	}
	if err := b.Tools(ctx, logTools...); err != nil {
		return err
	}
	archives, err := b.Images(ctx, logTools...)
	if err != nil {
		return err
	}
	if err := e.Cluster.Load(ctx, archives...); err != nil {
		return err
	}
	if err := e.stack(ctx, installLogs, true); err != nil {
		return err
	}
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
