package demo

import (
	"context"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

// part is what one stage of the demo needs: tools of hack/tools, programs of ours, and on a node images of either.
type part struct {
	tools, programs, images []string

	once sync.Once
	err  error
}

// build builds the part's tools and programs, or waits until another has.
func (p *part) build(ctx context.Context, b build.Builder) error {
	p.once.Do(func() {
		if len(p.tools) > 0 {
			p.err = b.Tools(ctx, p.tools...)
		}
		if p.err == nil && len(p.programs) > 0 {
			p.err = b.Programs(ctx, p.programs...)
		}
	})
	return p.err
}

// archives builds the part with its images, and returns their archives.
func (p *part) archives(ctx context.Context, b build.Builder) ([]string, error) {
	if err := p.build(ctx, b); err != nil || len(p.images) == 0 {
		return nil, err
	}
	return b.Images(ctx, p.images...)
}

// parts are what the stages of the demo need, in their order. The stack's part is the cluster's: its programs share most of what
// is compiled, and a cluster that has nothing to do yet would take its time from the compiler.
type parts struct{ cluster, product, terminal, logs *part }

// partsOf lists them for a depth. On a control plane, which runs no pods, nothing writes logs and no image is needed.
func partsOf(d cluster.Depth) parts {
	p := parts{
		cluster:  &part{tools: []string{"kube-apiserver", "kube-controller-manager", "kubectl", "etcd", "helm", "prometheus", "alertmanager"}},
		product:  &part{programs: []string{"assistant", "controller"}},
		terminal: &part{programs: []string{"kubectl-plimsoll"}},
		logs:     &part{},
	}
	if d == cluster.ControlPlane {
		p.cluster.programs = []string{"fakegemini", "loadgen", "dev"} // one of dev's commands stands in for the operator
		return p
	}
	p.cluster.tools = append(p.cluster.tools, "kubelet", "kube-scheduler", "kube-proxy", "coredns", "prometheus-operator", "prometheus-config-reloader")
	p.cluster.programs = []string{"fakegemini", "loadgen", "pause"}
	p.cluster.images = []string{"pause", "coredns", "prometheus", "alertmanager", "prometheus-operator", "prometheus-config-reloader",
		"fakegemini", "loadgen"}
	p.product.images = p.product.programs
	p.logs.tools = []string{"loki", "otelcol"}
	p.logs.images = p.logs.tools
	return p
}

// ahead builds what the stages need, one part after the other, while those before are installed: with two cores, compiling is
// most of what a first demo does.
func (d *Demo) ahead(ctx context.Context, logs bool) error {
	for _, p := range d.parts.inOrder(logs) {
		if err := p.build(ctx, d.builder); err != nil {
			return err
		}
	}
	return nil
}

func (p parts) inOrder(logs bool) []*part {
	list := []*part{p.cluster, p.product, p.terminal}
	if logs {
		list = append(list, p.logs)
	}
	return list
}

// The steps of the demo that wait for what is built, and that no building hides.
const (
	installPlimsoll = "helm upgrade --install " + Release
	untilFiring     = alertName + " fires in Prometheus"
	installLogs     = "Loki and its collector, by Helm"
	untilLogs       = "Loki has the assistant's log lines"
)

// expect announces the steps on which the end depends, with what each takes on two idle cores.
func (d *Demo) expect(logs bool) error {
	steps := map[string]time.Duration{
		build.ProgramsStep(d.parts.product.programs...): 82 * time.Second, build.ProgramsStep(d.parts.terminal.programs...): 11 * time.Second,
		installPlimsoll: 6 * time.Second, untilFiring: 12 * time.Second,
	}
	if logs && d.options.Depth == cluster.Node {
		steps[installLogs], steps[untilLogs] = 20*time.Second, 10*time.Second
	}
	for name, takes := range steps {
		d.builder.Steps.Expect(name, takes)
	}
	for _, p := range d.parts.inOrder(logs) {
		if len(p.tools) == 0 {
			continue
		}
		if err := d.builder.Expect(p.tools...); err != nil {
			return err
		}
	}
	return nil
}
