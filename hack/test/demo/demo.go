// Package demo is the main job, end to end: a cluster, the charts installed by Helm, the assistant answering,
// Prometheus scraping it, a threshold applied with kubectl, and its alert firing and arriving at Alertmanager. make demo
// shows it to a person, the end-to-end test asserts it.
package demo

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

// alertName is the alert of manifests/threshold.yaml.
const alertName = "SlowReplies"

// SlowTimeout bounds what should take seconds: longer than the three minutes after which the operator's config
// reloader finds what it has missed.
const SlowTimeout = 4 * time.Minute

// Demo builds a cluster and what is installed in it, each part when it is first needed.
type Demo struct {
	options cluster.Options
	builder build.Builder
	parts   parts
}

// New says how deep the cluster will be. Its error is that the depth that o asks for cannot be had on this machine.
func New(o cluster.Options, b build.Builder) (*Demo, error) {
	depth, why, err := o.Depth.Resolve()
	if err != nil {
		return nil, err
	}
	o.Depth = depth
	o.Steps.Say("Kubernetes as a %s (%s)", depth, why)
	return &Demo{options: o, builder: b, parts: partsOf(depth)}, nil
}

// Cluster builds what the cluster is made of and starts it.
func (d *Demo) Cluster(ctx context.Context) (*cluster.Cluster, error) {
	o := d.options
	if o.Depth == cluster.Node {
		if err := d.builder.Debian(ctx); err != nil {
			return nil, err
		}
	}
	var err error
	if o.Images, err = d.parts.cluster.archives(ctx, d.builder); err != nil {
		return nil, err
	}
	c, err := cluster.Up(ctx, o)
	if err != nil {
		return nil, err
	}
	o.Steps.Say("ready: export KUBECONFIG=%s PATH=%s:$PATH", c.Kubeconfig(), o.Bin)
	return c, nil
}

// Run does the main job and writes to out what came of it. With logs it installs what keeps them when the alert has fired.
func (d *Demo) Run(ctx context.Context, logs bool, out io.Writer) error {
	start := time.Now()
	if err := d.expect(logs); err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return d.ahead(ctx, logs) })
	g.Go(func() error { return d.run(ctx, start, logs, out) })
	return g.Wait()
}

func (d *Demo) run(ctx context.Context, start time.Time, logs bool, out io.Writer) error {
	c, err := d.Cluster(ctx)
	if err != nil {
		return err
	}
	e, err := d.Install(ctx, c)
	if err != nil {
		return err
	}
	var fires time.Duration
	for _, s := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"Prometheus scrapes the assistant", e.waitScraped},
		{"kubectl apply -f threshold.yaml", e.applyThreshold},
		{untilFiring, e.waitFiring},
		{alertName + " arrives at Alertmanager", func(ctx context.Context) error {
			err := e.waitDelivered(ctx)
			fires = time.Since(start)
			return err
		}},
		{"kubectl get alertthresholds says Firing", e.waitStatus},
	} {
		if err := e.steps.Do(ctx, s.name, s.do); err != nil {
			return err
		}
	}
	e.steps.Say("The alert fired %s after the start.", fires.Round(time.Second))
	if err := d.parts.terminal.build(ctx, d.builder); err != nil {
		return err
	}
	if logs && c.Depth == cluster.Node {
		if err := d.InstallLogs(ctx, e); err != nil {
			return err
		}
		if err := e.steps.Do(ctx, untilLogs, e.waitLogs); err != nil {
			return err
		}
	}
	return e.report(ctx, out)
}

// waitScraped returns when Prometheus' scrape of the assistant has succeeded.
func (e *Env) waitScraped(ctx context.Context) error {
	return cluster.Poll(ctx, SlowTimeout, func(ctx context.Context) error {
		targets, err := e.Targets(ctx, Assistant)
		if err != nil {
			return err
		}
		for _, t := range targets {
			if t.Health == "up" {
				return nil
			}
		}
		return fmt.Errorf("no target of %s is up: %+v", Assistant, targets)
	})
}

// applyThreshold applies the demo's threshold and waits until the controller has accepted it and written its rule.
func (e *Env) applyThreshold(ctx context.Context) error {
	if err := e.Apply(ctx, "threshold.yaml"); err != nil {
		return err
	}
	_, err := e.Kubectl(ctx, "", "wait", "--for=condition=Ready", "alertthreshold/slow-replies", "--namespace", Namespace, "--timeout=1m")
	return err
}

func (e *Env) waitFiring(ctx context.Context) error {
	return cluster.Poll(ctx, SlowTimeout, func(ctx context.Context) error {
		alerts, err := e.PrometheusAlerts(ctx, alertName)
		if err != nil {
			return err
		}
		for _, a := range alerts {
			if a.State == "firing" {
				return nil
			}
		}
		return fmt.Errorf("%s is not firing: %+v", alertName, alerts)
	})
}

// waitStatus returns when the threshold's status says what Prometheus does.
func (e *Env) waitStatus(ctx context.Context) error {
	_, err := e.Kubectl(ctx, "", "wait", "--for=jsonpath={.status.state}=Firing", "alertthreshold/slow-replies",
		"--namespace", Namespace, "--timeout=1m")
	return err
}

func (e *Env) waitDelivered(ctx context.Context) error {
	return cluster.Poll(ctx, time.Minute, func(ctx context.Context) error {
		alerts, err := e.AlertmanagerAlerts(ctx, alertName)
		if err == nil && len(alerts) == 0 {
			err = fmt.Errorf("no %s in Alertmanager", alertName)
		}
		return err
	})
}
