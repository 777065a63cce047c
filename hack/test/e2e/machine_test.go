//go:build e2e

package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

// machine is what the demo must leave as it found it.
func machine(t *testing.T) map[string]string {
	t.Helper()
	seen := map[string]string{}
	for _, command := range []string{"ip -brief link", "ip -brief address", "nft list tables", "mount", "sysctl net.ipv4.ip_forward vm.overcommit_memory kernel.panic"} {
		fields := strings.Fields(command)
		if _, err := exec.LookPath(fields[0]); err != nil {
			continue // not installed before the first run: it can have made nothing
		}
		out, err := exec.Command(fields[0], fields[1:]...).CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v\n%s", command, err, out)
		}
		seen[command] = string(out)
	}
	seen["processes of Kubernetes"] = strings.Join(kubernetesProcesses(t), "\n")
	return seen
}

// leaveRemains makes what a node leaves that was killed together with its command: it is not to hinder the next.
func leaveRemains(t *testing.T) {
	t.Helper()
	hierarchy := "/sys/fs/cgroup"
	if _, err := os.Stat(hierarchy + "/cgroup.controllers"); err != nil {
		hierarchy += "/memory" // cgroup v1
	}
	if err := os.MkdirAll(hierarchy+"/plimsoll-node", 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := exec.LookPath("nft"); err != nil {
		return // not installed before the first run
	}
	if out, err := exec.Command("nft", "add", "table", "ip", "plimsoll").CombinedOutput(); err != nil {
		t.Fatalf("nft: %v\n%s", err, out)
	}
}

// kubernetesProcesses are the command lines of what a node runs, ours or not, but for those of another cluster's folder.
func kubernetesProcesses(t *testing.T) []string {
	t.Helper()
	names := []string{"etcd", "kube-", "kubelet", "containerd", "unshare", "coredns", "pause"}
	var found []string
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			continue // ended meanwhile
		}
		environ, _ := os.ReadFile(filepath.Join(filepath.Dir(file), "environ"))
		if strings.Contains(string(environ), cluster.OwnerVariable+"=") && !strings.Contains(string(environ), stateDir) {
			continue
		}
		line := strings.ReplaceAll(string(data), "\x00", " ")
		program, _, _ := strings.Cut(line, " ")
		for _, name := range names {
			if strings.HasPrefix(filepath.Base(program), name) {
				found = append(found, line)
			}
		}
	}
	return found
}

// process is a process inside a pod, as the kernel has it.
type process struct {
	pid      int
	command  string
	uid      string
	readOnly bool // whether its root file system is
	// capabilities are the effective ones, in hexadecimal.
	capabilities string
}

// podProcesses are the processes in the node's cgroup.
func podProcesses(t *testing.T) []process {
	t.Helper()
	var found []process
	seen := map[int]bool{}
	for _, pattern := range []string{"/sys/fs/cgroup/plimsoll-node", "/sys/fs/cgroup/memory/plimsoll-node"} {
		_ = filepath.WalkDir(pattern, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.Name() != "cgroup.procs" {
				return nil
			}
			data, _ := os.ReadFile(path)
			for _, field := range strings.Fields(string(data)) {
				if pid, err := strconv.Atoi(field); err == nil && !seen[pid] {
					seen[pid] = true
					if p, ok := readProcess(pid); ok {
						found = append(found, p)
					}
				}
			}
			return nil
		})
	}
	return found
}

func readProcess(pid int) (process, bool) {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	status, err := os.ReadFile(filepath.Join(dir, "status"))
	if err != nil {
		return process{}, false
	}
	mounts, err := os.ReadFile(filepath.Join(dir, "mounts"))
	if err != nil {
		return process{}, false
	}
	command, _ := os.ReadFile(filepath.Join(dir, "cmdline"))
	p := process{pid: pid, command: strings.ReplaceAll(string(command), "\x00", " ")}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "Uid:"); ok {
			p.uid = strings.Fields(rest)[1] // the effective one
		}
		if rest, ok := strings.CutPrefix(line, "CapEff:"); ok {
			p.capabilities = strings.TrimSpace(rest)
		}
	}
	for line := range strings.Lines(string(mounts)) {
		if fields := strings.Fields(line); fields[1] == "/" {
			p.readOnly = strings.HasPrefix(fields[3]+",", "ro,")
		}
	}
	return p, true
}
