package demo

import (
	"context"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

// controlPlaneTools are what every depth runs.
var controlPlaneTools = []string{
	"etcd", "kube-apiserver", "kube-controller-manager", "kubectl", "helm", "prometheus", "alertmanager",
}

// nodeTools are what a node runs besides.
var nodeTools = []string{
	"kubelet", "kube-scheduler", "kube-proxy", "coredns", "prometheus-operator", "prometheus-config-reloader",
}

// Cluster builds what the cluster is made of and starts it, in the depth that o asks for and the machine allows. On a
// node it also builds and loads the images.
func Cluster(ctx context.Context, o cluster.Options, b build.Builder) (*cluster.Cluster, error) {
	depth, why, err := o.Depth.Resolve()
	if err != nil {
		return nil, err
	}
	o.Depth = depth
	o.Steps.Say("Kubernetes as a %s (%s)", depth, why)
	names := controlPlaneTools
	if depth == cluster.Node {
		names = append(names, nodeTools...)
		if err := b.Debian(ctx); err != nil {
			return nil, err
		}
	}
	if err := b.Tools(ctx, names...); err != nil {
		return nil, err
	}
	if err := b.Programs(ctx); err != nil {
		return nil, err
	}
	if depth == cluster.Node {
		if o.Images, err = b.Images(ctx); err != nil {
			return nil, err
		}
	}
	c, err := cluster.Up(ctx, o)
	if err != nil {
		return nil, err
	}
	o.Steps.Say("ready: export KUBECONFIG=%s PATH=%s:$PATH", c.Kubeconfig(), o.Bin)
	return c, nil
}
