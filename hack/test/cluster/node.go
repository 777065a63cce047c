package cluster

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
	"time"
)

const (
	nodeName = "plimsoll"
	// nodeAddress is added to the loopback link: processes and pods of this machine reach the API server there,
	// other machines do not.
	nodeAddress = "10.97.0.1"
)

//go:embed manifests/node.sh
var nodeScript string

//go:embed manifests/containerd.toml
var containerdConfig string

//go:embed manifests/kubelet.yaml
var kubeletConfig string

//go:embed manifests/kube-proxy.yaml
var kubeProxyConfig string

//go:embed manifests/ptp.conflist
var cniConfig string

//go:embed manifests/plimsoll.nft
var nftRules string

//go:embed manifests/coredns.yaml
var coreDNSManifest string

// node turns the machine into the cluster's node, and returns when the node is ready and the cluster's DNS answers.
func (c *Cluster) node(ctx context.Context, images []string) error {
	if err := c.steps.Do(ctx, "containerd, kubelet, kube-proxy", func(ctx context.Context) error {
		if err := c.writeNodeFiles(); err != nil {
			return err
		}
		if err := c.Start(c.nodeProcess()); err != nil {
			return err
		}
		return c.waitNode(ctx)
	}); err != nil {
		return err
	}
	if err := c.Load(ctx, images...); err != nil {
		return err
	}
	return c.steps.Do(ctx, "CoreDNS", func(ctx context.Context) error {
		if err := c.kubectl(ctx, coreDNSManifest, "apply", "--server-side", "-f", "-"); err != nil {
			return err
		}
		return c.kubectl(ctx, "", "rollout", "status", "deployment/coredns", "--namespace=kube-system", "--timeout=2m")
	})
}

const nodeProcessName = "node"

// nodeProcess is PID 1 of namespaces of its own: when it ends, so do all containers, and their mounts are gone.
func (c *Cluster) nodeProcess() Process {
	return Process{
		Name: nodeProcessName, Path: "unshare",
		Args: []string{"--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--propagation", "private",
			"sh", "-eu", "-c", nodeScript, "node", c.dir, c.bin},
	}
}

// nodeFiles are what the node's programs read, by their path below the cluster's folder.
var nodeFiles = map[string]*string{
	"containerd.toml":  &containerdConfig,
	"kubelet.yaml":     &kubeletConfig,
	"kube-proxy.yaml":  &kubeProxyConfig,
	"cni/ptp.conflist": &cniConfig,
	"plimsoll.nft":     &nftRules,
}

func (c *Cluster) writeNodeFiles() error {
	values := map[string]any{
		"Dir": c.dir, "Name": nodeName, "Address": nodeAddress, "PKI": c.pki.dir,
		"ServiceCIDR": serviceCIDR, "PodCIDR": podCIDR, "DNS": dnsService, "Cgroup": cgroup,
	}
	for name, text := range nodeFiles {
		var b strings.Builder
		t, err := template.New(name).Option("missingkey=error").Parse(*text)
		if err == nil {
			err = t.Execute(&b, values)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		path := filepath.Join(c.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := writeFile(path, []byte(b.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// waitNode returns when the node is ready for pods.
func (c *Cluster) waitNode(ctx context.Context) error {
	return Poll(ctx, 3*time.Minute, func(context.Context) error {
		pids, err := c.processes("node")
		if err == nil && len(pids) == 0 {
			return &fatalError{fmt.Errorf("the node has ended:\n%s%s%s", c.tail("node"), c.tail("containerd"), c.tail("kubelet"))}
		}
		err = c.kubectl(ctx, "", "wait", "--for=condition=Ready", "node/"+nodeName, "--timeout=5s")
		if err != nil {
			return err
		}
		_, err = os.Stat(c.containerdSocket())
		return err
	})
}

func (c *Cluster) containerdSocket() string {
	return filepath.Join(c.dir, "run", "containerd", "containerd.sock")
}

// Load imports OCI archives into the node's containerd. Images of the same name are replaced.
func (c *Cluster) Load(ctx context.Context, archives ...string) error {
	if c.Depth != Node {
		return errors.New("only a node holds images: this cluster is a control plane")
	}
	return c.steps.Do(ctx, "load images into the node", func(ctx context.Context) error {
		for _, archive := range archives {
			cmd := exec.CommandContext(ctx, "ctr", "--address", c.containerdSocket(), "--namespace", "k8s.io", "image", "import", archive)
			if out, err := cmd.CombinedOutput(); err != nil {
				return fmt.Errorf("import %s: %w\n%s", archive, err, out)
			}
		}
		return nil
	})
}

// kubectl runs hack/bin/kubectl as the administrator. Its error carries what kubectl said.
func (c *Cluster) kubectl(ctx context.Context, stdin string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, "kubectl"), append([]string{"--kubeconfig", c.Kubeconfig()}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("kubectl %s: %w: %s", args[0], err, strings.TrimSpace(string(out)))
	}
	return nil
}
