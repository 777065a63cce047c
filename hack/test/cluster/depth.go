package cluster

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"syscall"
)

// Auto asks for the deepest cluster that the machine allows.
const Auto Depth = "auto"

// Resolve turns Auto into Node or ControlPlane and tells why. A depth asked for by name stays as it is; one that does
// not exist, or that the machine does not allow, is an error.
func (d Depth) Resolve() (depth Depth, why string, err error) {
	obstacle := nodeObstacle()
	switch d {
	case Auto:
		if obstacle != "" {
			return ControlPlane, obstacle, nil
		}
		return Node, "root on Debian, with a kernel that has namespaces and overlayfs", nil
	case Node:
		if obstacle != "" {
			return "", "", fmt.Errorf("a node cannot run here: %s", obstacle)
		}
		return Node, "asked for", nil
	case ControlPlane:
		return ControlPlane, "asked for", nil
	default:
		return "", "", fmt.Errorf("no depth %q: there are %s, %s and %s", d, Auto, Node, ControlPlane)
	}
}

// nodeObstacle is why this machine cannot be a node, or empty when it can.
func nodeObstacle() string {
	if runtime.GOOS != "linux" {
		return "a node needs Linux, this is " + runtime.GOOS
	}
	if os.Geteuid() != 0 {
		return "a node needs root, this is an ordinary user"
	}
	if _, err := exec.LookPath("apt-get"); err != nil {
		return "a node takes containerd from Debian's packages, and apt-get is not here"
	}
	const script = `mount -t tmpfs tmpfs /tmp && mkdir /tmp/l /tmp/u /tmp/w /tmp/m &&
		mount -t overlay -o lowerdir=/tmp/l,upperdir=/tmp/u,workdir=/tmp/w overlay /tmp/m`
	out, err := exec.Command("unshare", "--mount", "--pid", "--fork", "--propagation", "private", "sh", "-c", script).CombinedOutput()
	if err != nil {
		return fmt.Sprintf("this root may not mount overlayfs in namespaces of its own (a container?): %v %s", err, out)
	}
	if err := syscall.Access("/proc/sys/net/ipv4/ip_forward", 2); err != nil { // access(2): W_OK
		return fmt.Sprintf("this root may not change network settings: %v", err)
	}
	return ""
}
