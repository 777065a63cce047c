package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// cgroup holds every container of the node, in each hierarchy.
const cgroup = "/plimsoll-node"

const cgroupRoot = "/sys/fs/cgroup"

const ownTable = "ip plimsoll"

// tables are the nftables tables that a node makes: ours, and kube-proxy's two.
var tables = []string{ownTable, "ip kube-proxy", "ip6 kube-proxy"}

// sysctls are what kubelet, kube-proxy and the CNI plugin may set on the machine; Down puts the old values back.
var sysctls = []string{
	"kernel/keys/root_maxbytes", "kernel/keys/root_maxkeys", "kernel/panic", "kernel/panic_on_oops",
	"net/ipv4/ip_forward", "net/ipv4/conf/all/forwarding", "net/ipv4/conf/default/forwarding",
	"vm/overcommit_memory", "vm/panic_on_oom",
}

func readSysctls() map[string]string {
	values := map[string]string{}
	for _, name := range sysctls {
		if data, err := os.ReadFile(filepath.Join("/proc/sys", name)); err == nil {
			values[name] = strings.TrimSpace(string(data))
		}
	}
	return values
}

// nodeFits refuses a machine on which a node would touch what it did not make, and removes what a killed node left.
func (c *Cluster) nodeFits(ctx context.Context) error {
	for _, parent := range []string{"/run/", "/var/lib/", "/var/log/"} {
		if strings.HasPrefix(c.dir, parent) {
			return fmt.Errorf("a node's folder cannot lie below %s, which the node covers: %s", parent, c.dir)
		}
	}
	if socket := c.containerdSocket(); len(socket) > 100 {
		return fmt.Errorf("the path %s is too long for a socket: choose a folder nearer to the root", socket)
	}
	switch owner, err := nodeOwner(); {
	case err != nil:
		return err
	case owner != "":
		return fmt.Errorf("a node of Plimsoll runs on this machine: take the cluster in %s down first", owner)
	case hasOwnRemains():
		return c.removeRemains(ctx)
	}
	for _, table := range tables {
		if hasTable(table) {
			return fmt.Errorf("this machine has an nftables table %q already: another Kubernetes node runs here", table)
		}
	}
	return nil
}

// nodeOwner is the folder of the cluster whose node runs on this machine; empty if none does.
func nodeOwner() (string, error) {
	owner := ""
	_, err := processes(func(vars []string) bool {
		i := slices.IndexFunc(vars, func(v string) bool { return strings.HasPrefix(v, OwnerVariable+"=") })
		is := i >= 0 && slices.Contains(vars, processVariable+"="+nodeProcessName)
		if is {
			owner = strings.TrimPrefix(vars[i], OwnerVariable+"=")
		}
		return is
	})
	return owner, err
}

// hasOwnRemains reports whether the machine has what only our node makes. Without a node that runs, it is left of one that
// was killed, and its command with it.
func hasOwnRemains() bool {
	return hasTable(ownTable) || slices.ContainsFunc(cgroups(), func(dir string) bool {
		_, err := os.Stat(dir)
		return err == nil
	})
}

func hasTable(table string) bool {
	return exec.Command("nft", append([]string{"list", "table"}, strings.Fields(table)...)...).Run() == nil
}

// cgroups are the node's folders in every cgroup hierarchy of the machine: v1 has one for each controller.
func cgroups() []string {
	if _, err := os.Stat(filepath.Join(cgroupRoot, "cgroup.controllers")); err == nil {
		return []string{filepath.Join(cgroupRoot, cgroup)}
	}
	var dirs []string
	entries, _ := filepath.Glob(cgroupRoot + "/*/cgroup.procs")
	for _, e := range entries {
		dirs = append(dirs, filepath.Join(filepath.Dir(e), cgroup))
	}
	return dirs
}

// prepareNode makes what the kernel must have before the node's programs start.
func (c *Cluster) prepareNode(ctx context.Context) error {
	for _, dir := range cgroups() {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if err := fillCpuset(); err != nil {
		return err
	}
	if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0); err != nil {
		return err
	}
	if err := c.writeNodeFiles(); err != nil {
		return err
	}
	if err := command(ctx, "ip", "address", "replace", nodeAddress+"/32", "dev", "lo"); err != nil {
		return err
	}
	if hasTable(ownTable) {
		return nil
	}
	return command(ctx, "nft", "-f", filepath.Join(c.dir, "plimsoll.nft"))
}

// fillCpuset gives the v1 cpuset cgroup its parent's CPUs and memory nodes: an empty one takes no process.
func fillCpuset() error {
	parent := filepath.Join(cgroupRoot, "cpuset")
	for _, name := range []string{"cpuset.cpus", "cpuset.mems"} {
		data, err := os.ReadFile(filepath.Join(parent, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			err = os.WriteFile(filepath.Join(parent, cgroup, name), data, 0)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// nodeDown undoes all that the node did to the machine. It goes on after a failure, and may be repeated.
func (c *Cluster) nodeDown(ctx context.Context) error {
	errs := []error{c.Stop(ctx, nodeProcessName, 2*time.Second), c.removeRemains(ctx)}
	for name, value := range c.plan.Sysctls {
		errs = append(errs, os.WriteFile(filepath.Join("/proc/sys", name), []byte(value), 0))
	}
	return errors.Join(errs...)
}

// removeRemains removes a node's cgroups, tables and address. It goes on after a failure, and may be repeated.
func (c *Cluster) removeRemains(ctx context.Context) error {
	errs := []error{c.removeCgroups(ctx)}
	for _, table := range tables {
		if hasTable(table) {
			errs = append(errs, command(ctx, "nft", append([]string{"delete", "table"}, strings.Fields(table)...)...))
		}
	}
	if out, err := exec.CommandContext(ctx, "ip", "address", "show", "dev", "lo").Output(); err == nil && strings.Contains(string(out), nodeAddress+"/") {
		errs = append(errs, command(ctx, "ip", "address", "delete", nodeAddress+"/32", "dev", "lo"))
	}
	return errors.Join(errs...)
}

// removeCgroups kills what is left in the node's cgroups and removes them, the innermost first.
func (c *Cluster) removeCgroups(ctx context.Context) error {
	return Poll(ctx, 20*time.Second, func(context.Context) error {
		var errs []error
		for _, root := range cgroups() {
			var dirs []string
			_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
				if err == nil && d.IsDir() {
					dirs = append(dirs, path)
				}
				return nil // what vanishes meanwhile is what we want
			})
			slices.Reverse(dirs)
			for _, dir := range dirs {
				killAll(filepath.Join(dir, "cgroup.procs"))
				if err := os.Remove(dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
					errs = append(errs, err)
				}
			}
		}
		return errors.Join(errs...)
	})
}

func killAll(procs string) {
	data, err := os.ReadFile(procs)
	if err != nil {
		return
	}
	for _, field := range strings.Fields(string(data)) {
		if pid, err := strconv.Atoi(field); err == nil && pid > 1 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

func command(ctx context.Context, name string, args ...string) error {
	out, err := exec.CommandContext(ctx, name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}
