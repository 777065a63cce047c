package build

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"slices"
)

// debian names, for each file or command that a node needs, the Debian package that brings it. What is there already,
// from whatever source, is left alone.
var debian = map[string]string{
	"containerd":   "containerd",
	"runc":         "runc",
	"/usr/lib/cni": "containernetworking-plugins",
	"nft":          "nftables",
	"conntrack":    "conntrack",
	"buildah":      "buildah",
	"ip":           "iproute2",
}

const (
	// policyFile, while it says 101, keeps Debian's packages from starting their services (invoke-rc.d(8)).
	policyFile = "/usr/sbin/policy-rc.d"
	policy     = "#!/bin/sh\n# Plimsoll: no service starts while it installs what a node needs.\nexit 101\n"
)

// Debian installs the packages that a node needs and the machine lacks. It removes no package and starts no service.
func (b Builder) Debian(ctx context.Context) error { return b.install(ctx, debian) }

// DebianPrograms installs the Debian packages of programs that tests run, if they are missing: a package has its program's name.
func (b Builder) DebianPrograms(ctx context.Context, programs ...string) error {
	packages := map[string]string{}
	for _, program := range programs {
		if !present(program) && os.Geteuid() != 0 {
			return fmt.Errorf("%s is not on this machine: ask root for apt-get install %s", program, program)
		}
		packages[program] = program
	}
	return b.install(ctx, packages)
}

func (b Builder) install(ctx context.Context, packages map[string]string) error {
	var missing []string
	for file, pkg := range packages {
		if !present(file) {
			missing = append(missing, pkg)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	slices.Sort(missing)
	return b.Steps.Do(ctx, fmt.Sprintf("apt-get install %v", missing), func(ctx context.Context) error {
		return withoutServices(func() error {
			if err := apt(ctx, "update", "-q"); err != nil {
				return err
			}
			return apt(ctx, append([]string{"install", "-qy", "--no-remove", "--no-install-recommends"}, missing...)...)
		})
	})
}

func present(file string) bool {
	if file[0] == '/' {
		_, err := os.Stat(file)
		return err == nil
	}
	_, err := exec.LookPath(file)
	return err == nil
}

func apt(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=noninteractive")
	// An interrupt reaches apt-get itself; killing it would leave dpkg half done.
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("apt-get %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// withoutServices runs f while policyFile is ours. A policy that somebody else set is left as it is; one that an
// interrupted run of ours left behind is taken over.
func withoutServices(f func() error) error {
	old, err := os.ReadFile(policyFile)
	switch {
	case err == nil && string(old) != policy:
		return f()
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if err := os.WriteFile(policyFile, []byte(policy), 0o755); err != nil {
		return err
	}
	return errors.Join(f(), os.Remove(policyFile))
}
