// Package cluster runs a real Kubernetes on a bare Linux machine, from hack/bin and Debian's packages, in two depths
// by one code path: a control plane for any user (etcd, kube-apiserver, kube-controller-manager), and a whole node for
// root (also kube-scheduler, containerd, kubelet, kube-proxy and CoreDNS).
//
// All that it makes lies in one folder, in processes whose environment names that folder, and, for a node, in mount
// and PID namespaces, one address on the loopback link, three nftables tables and one cgroup. Down removes it all, also
// after an interrupted Up. A machine can hold any number of control planes and one node.
package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/steps"
	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
)

// Depth is how much of Kubernetes runs.
type Depth string

const (
	// ControlPlane is an API server with its store and its controllers. Nothing schedules or runs pods.
	ControlPlane Depth = "control-plane"
	// Node is the control plane and one node whose pods and Services work.
	Node Depth = "node"
)

// Options say what cluster to run.
type Options struct {
	// Dir holds all state. It is made by Up, and removed by Down. Unix sockets lie in it: keep it short.
	Dir string
	Bin string // the folder of the binaries, hack/bin
	// Kubernetes is the suffix of the API server's and controllers' binaries, such as -oldest; empty for the pinned version.
	Kubernetes string
	Depth      Depth
	// Images are the OCI archives that a node starts with: at least the pause image and CoreDNS.
	Images []string
	// Audit is a file, outside of Dir, in which the API server writes down who has asked for what; empty: nowhere.
	Audit string
	Steps *steps.Printer
}

// Cluster is one that Up has started, or that Open has found.
type Cluster struct {
	Depth Depth

	dir        string
	bin        string
	kubernetes string
	audit      string
	steps      *steps.Printer
	plan       plan
	pki        *pki
}

// plan is what the first Up decides and later ones keep.
type plan struct {
	Depth   Depth          `json:"depth"`
	Address string         `json:"address"` // of the API server
	Ports   map[string]int `json:"ports"`   // by the name of the process
	// Sysctls are the values that the node's start may change, as they were.
	Sysctls map[string]string `json:"sysctls,omitempty"`
}

// Dir is the folder of all the cluster's state, which Down removes: a place for files of processes started with Start.
func (c *Cluster) Dir() string { return c.dir }

// Kubeconfig is the file that gives kubectl and clients cluster-admin rights.
func (c *Cluster) Kubeconfig() string { return filepath.Join(c.dir, "kubeconfig") }

// Up starts what of the cluster does not run yet and returns when it serves. It may be called again at any time.
func Up(ctx context.Context, o Options) (*Cluster, error) {
	unlock, err := lock(o.Dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	c, err := open(ctx, o)
	if err != nil {
		return nil, err
	}
	if c.Depth != o.Depth {
		return nil, fmt.Errorf("%s holds a cluster of depth %s, not %s: take it down first", c.dir, c.Depth, o.Depth)
	}
	if c.Depth == Node {
		if err := c.steps.Do(ctx, "network and cgroup of the node", c.prepareNode); err != nil {
			return nil, err
		}
	}
	if err := c.controlPlane(ctx); err != nil {
		return nil, err
	}
	if c.Depth == Node {
		if err := c.node(ctx, o.Images); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Open finds the cluster that lies in o.Dir. Its error is fs.ErrNotExist when there is none.
func Open(o Options) (*Cluster, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, planFile)); err != nil {
		return nil, err
	}
	return open(context.Background(), o) // there is a plan: nothing is removed
}

const planFile = "plan.json"

// open reads the plan in o.Dir, or makes one.
func open(ctx context.Context, o Options) (*Cluster, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	bin, err := filepath.Abs(o.Bin)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, bin: bin, kubernetes: o.Kubernetes, audit: o.Audit, steps: o.Steps}
	if err := os.MkdirAll(filepath.Join(dir, "logs"), 0o755); err != nil {
		return nil, err
	}
	data, err := os.ReadFile(filepath.Join(dir, planFile))
	switch {
	case err == nil:
		err = json.Unmarshal(data, &c.plan)
	case errors.Is(err, fs.ErrNotExist):
		err = c.makePlan(ctx, o.Depth)
	}
	if err != nil {
		return nil, fmt.Errorf("plan of the cluster in %s: %w", dir, err)
	}
	c.Depth = c.plan.Depth
	c.pki, err = openPKI(filepath.Join(dir, "pki"))
	return c, err
}

func (c *Cluster) makePlan(ctx context.Context, depth Depth) error {
	c.plan = plan{Depth: depth, Address: "127.0.0.1", Ports: map[string]int{}}
	if depth == Node {
		if err := c.nodeFits(ctx); err != nil {
			return err
		}
		c.plan.Address = nodeAddress
		c.plan.Sysctls = readSysctls()
	}
	_, err := c.Ports("kube-apiserver", "etcd")
	return err
}

// Ports are the TCP ports of the named processes: free ones, chosen when first asked for and then kept.
func (c *Cluster) Ports(names ...string) (map[string]int, error) {
	ports := map[string]int{}
	for _, name := range names {
		if c.plan.Ports[name] == 0 {
			c.plan.Ports[name] = freeport.Port()
		}
		ports[name] = c.plan.Ports[name]
	}
	data, err := json.MarshalIndent(c.plan, "", "  ")
	if err != nil {
		return nil, err
	}
	return ports, writeFile(filepath.Join(c.dir, planFile), data, 0o644)
}

// Down ends every process of the cluster in o.Dir and removes all that Up has made, the folder included. It is no
// error when there is nothing.
func Down(ctx context.Context, o Options) error {
	c, err := Open(o)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	unlock, err := lock(c.dir)
	if err != nil {
		return err
	}
	defer unlock()
	return c.steps.Do(ctx, "take the cluster down", func(ctx context.Context) error {
		var errs []error
		if c.Depth == Node {
			errs = append(errs, c.nodeDown(ctx))
		}
		errs = append(errs, c.Stop(ctx, "", 10*time.Second))
		if err := errors.Join(errs...); err != nil {
			return err // the folder stays: it says what is left to undo
		}
		return os.RemoveAll(c.dir)
	})
}

// lock keeps two commands from working on one cluster at a time. The lock lies beside the folder, and ends with the
// process that holds it.
func lock(dir string) (unlock func(), err error) {
	path := filepath.Clean(dir) + ".lock"
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("another command is working on %s: %w", dir, err)
	}
	return func() { os.Remove(path); f.Close() }, nil
}
