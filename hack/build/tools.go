// Package build makes what the demo and the tests run: the pinned tools of hack/tools, the product's binaries, and
// container images of both, without a registry. It only drives the go command, apt-get and buildah.
package build

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/modfile"

	"github.com/plimsoll-dev/plimsoll/hack/steps"
)

// tool is a third party's program, pinned by the go.mod in dir (below hack/tools) and built once into hack/bin.
type tool struct {
	name string // of the binary
	pkg  string
	mod  string // the module whose version the binary carries
	dir  string // below hack/tools; "" is the go.mod that most share, so that what they share is compiled once
	tags string
	// byName: it is built only when it is named.
	byName bool
	// cold is how many seconds it takes on two idle cores after those before it in the list, with empty caches.
	cold int
}

const (
	kubernetes = "k8s.io/kubernetes"
	operator   = "github.com/prometheus-operator/prometheus-operator"
	prometheus = "github.com/prometheus/prometheus"
	alertmgr   = "github.com/prometheus/alertmanager"
	unittest   = "github.com/helm-unittest/helm-unittest"
	cyclonedx  = "github.com/CycloneDX/cyclonedx-gomod"
	// sdTags leaves the clouds' service discoveries out of Prometheus: they are most of what it compiles.
	sdTags = "remove_all_sd,enable_kubernetes_sd"

	loki      = "github.com/grafana/loki/v3"
	collector = "go.opentelemetry.io/collector/otelcol"
)

var tools = []tool{
	{name: "kube-apiserver", pkg: kubernetes + "/cmd/kube-apiserver", mod: kubernetes, cold: 150},
	{name: "kube-controller-manager", pkg: kubernetes + "/cmd/kube-controller-manager", mod: kubernetes, cold: 45},
	{name: "kube-scheduler", pkg: kubernetes + "/cmd/kube-scheduler", mod: kubernetes, cold: 4},
	{name: "kube-proxy", pkg: kubernetes + "/cmd/kube-proxy", mod: kubernetes, cold: 6},
	{name: "kube-apiserver-oldest", pkg: kubernetes + "/cmd/kube-apiserver", mod: kubernetes, dir: "kubernetes-oldest", byName: true},
	{name: "kube-controller-manager-oldest", pkg: kubernetes + "/cmd/kube-controller-manager", mod: kubernetes, dir: "kubernetes-oldest", byName: true},
	{name: "kubelet", pkg: kubernetes + "/cmd/kubelet", mod: kubernetes, cold: 14},
	{name: "kubectl", pkg: kubernetes + "/cmd/kubectl", mod: kubernetes, cold: 18},
	{name: "etcd", pkg: "go.etcd.io/etcd/server/v3", mod: "go.etcd.io/etcd/server/v3", cold: 20},
	// Its main is ours: the plugins for clouds are most of what the released one compiles.
	{name: "coredns", pkg: "./coredns", mod: "github.com/coredns/coredns", cold: 7},
	{name: "helm", pkg: "helm.sh/helm/v4/cmd/helm", mod: "helm.sh/helm/v4", cold: 18},
	{name: "helm-unittest", pkg: unittest + "/cmd/helm-unittest", mod: unittest, dir: "helm-unittest"},
	{name: "prometheus", pkg: prometheus + "/cmd/prometheus", mod: prometheus, tags: sdTags, cold: 60},
	{name: "promtool", pkg: prometheus + "/cmd/promtool", mod: prometheus, tags: sdTags, cold: 3},
	// Its main is ours: the server evaluates rules in the present alone.
	{name: "ruleengine", pkg: "./ruleengine", mod: prometheus, tags: sdTags},
	{name: "alertmanager", pkg: alertmgr + "/cmd/alertmanager", mod: alertmgr, dir: "alertmanager", cold: 26},
	{name: "loki", pkg: loki + "/cmd/loki", mod: loki, dir: "logs", cold: 183},
	// Its main is ours: a collector is what its builder makes of a list of components.
	{name: "otelcol", pkg: "./otelcol", mod: collector, dir: "logs", cold: 50},
	{name: "prometheus-operator", pkg: operator + "/cmd/operator", mod: operator, cold: 21},
	{name: "prometheus-config-reloader", pkg: operator + "/cmd/prometheus-config-reloader", mod: operator, cold: 3},
	{name: "controller-gen", pkg: "sigs.k8s.io/controller-tools/cmd/controller-gen", mod: "sigs.k8s.io/controller-tools"},
	{name: "golangci-lint", pkg: "github.com/golangci/golangci-lint/v2/cmd/golangci-lint", mod: "github.com/golangci/golangci-lint/v2", dir: "golangci-lint"},
	{name: "govulncheck", pkg: "golang.org/x/vuln/cmd/govulncheck", mod: "golang.org/x/vuln", dir: "audit"},
	{name: "cyclonedx-gomod", pkg: cyclonedx + "/cmd/cyclonedx-gomod", mod: cyclonedx, dir: "audit"},
	{name: "actionlint", pkg: "github.com/rhysd/actionlint/cmd/actionlint", mod: "github.com/rhysd/actionlint", dir: "actionlint"},
}

// Builder builds into <Root>/hack/bin.
type Builder struct {
	// Root is the project's folder.
	Root  string
	Steps *steps.Printer
}

// Bin is the folder of all built binaries.
func (b Builder) Bin() string { return filepath.Join(b.Root, "hack", "bin") }

// Tools builds the named tools, or all when none is named, that hack/bin does not hold in their pinned version.
// hack/bin/NAME is a link to hack/bin/NAME-VERSION. An unknown name is an error that lists the known ones.
func (b Builder) Tools(ctx context.Context, names ...string) error {
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	for _, t := range chosen {
		if err := b.tool(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

func choose(names []string) ([]tool, error) {
	if len(names) == 0 {
		return slices.DeleteFunc(slices.Clone(tools), func(t tool) bool { return t.byName }), nil
	}
	byName := map[string]tool{}
	var known []string
	for _, t := range tools {
		byName[t.name] = t
		known = append(known, t.name)
	}
	var chosen []tool
	for _, n := range names {
		t, ok := byName[n]
		if !ok {
			return nil, fmt.Errorf("no tool %q; there are %s", n, strings.Join(known, ", "))
		}
		chosen = append(chosen, t)
	}
	return chosen, nil
}

func (b Builder) tool(ctx context.Context, t tool) error {
	p, err := b.plan(t)
	if err != nil {
		return err
	}
	if p.stale {
		err := b.Steps.Do(ctx, p.step, func(ctx context.Context) error {
			return goBuild(ctx, p.dir, filepath.Join(b.Bin(), p.file), t.pkg, t.tags, toolVersionFlags(p.version))
		})
		if err != nil {
			return err
		}
	}
	return link(p.file, filepath.Join(b.Bin(), t.name))
}

// Expect announces the steps of Tools: of those named that hack/bin does not hold.
func (b Builder) Expect(names ...string) error {
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	for _, t := range chosen {
		p, err := b.plan(t)
		if err != nil {
			return err
		}
		if p.stale {
			b.Steps.Expect(p.step, time.Duration(t.cold)*time.Second)
		}
	}
	return nil
}

// planned is how a tool is built: in which folder, to which file of hack/bin, by which step.
type planned struct {
	dir, version, file, step string
	stale                    bool
}

func (b Builder) plan(t tool) (planned, error) {
	p := planned{dir: filepath.Join(b.Root, "hack", "tools", t.dir)}
	var err error
	if p.version, err = moduleVersion(filepath.Join(p.dir, "go.mod"), t.mod); err != nil {
		return planned{}, fmt.Errorf("tool %s: %w", t.name, err)
	}
	p.file = t.name + "-" + p.version
	p.step = "build " + t.name + " " + p.version
	p.stale = stale(filepath.Join(b.Bin(), p.file), filepath.Join(p.dir, t.pkg, "main.go"))
	return p, nil
}

// stale reports whether the binary at path is not there, or is older than the source, where the source is ours: others'
// changes only with its version.
func stale(path, source string) bool {
	binary, err := os.Stat(path)
	if err != nil {
		return true
	}
	main, err := os.Stat(source)
	return err == nil && main.ModTime().After(binary.ModTime())
}

// moduleVersion reads the version of module from a go.mod.
func moduleVersion(file, module string) (string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	mod, err := modfile.ParseLax(file, data, nil)
	if err != nil {
		return "", err
	}
	for _, r := range mod.Require {
		if r.Mod.Path == module {
			return r.Mod.Version, nil
		}
	}
	return "", fmt.Errorf("%s does not require %s", file, module)
}

// toolVersionFlags are the linker flags that make Kubernetes' programs tell their version: clients refuse a server
// whose version they cannot parse. For the other tools they set nothing.
func toolVersionFlags(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	const pkg = "-X k8s.io/component-base/version."
	return strings.Join([]string{"-s -w", pkg + "gitVersion=" + version, pkg + "gitMajor=" + parts[0], pkg + "gitMinor=" + parts[1]}, " ")
}

// goBuild compiles pkg statically, in dir, and puts the binary at path in one move, so that an interrupted build
// leaves nothing that looks finished.
func goBuild(ctx context.Context, dir, path, pkg, tags, ldflags string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	part := path + ".part"
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=false", "-tags", tags, "-ldflags", ldflags, "-o", part, pkg)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", pkg, err, out)
	}
	return os.Rename(part, path)
}

func link(target, path string) error {
	if old, err := os.Readlink(path); err == nil && old == target {
		return nil
	}
	if err := os.Remove(path); err != nil && !os.IsNotExist(err) {
		return err
	}
	return os.Symlink(target, path)
}

// FindBin returns the hack/bin of the project in which the working folder lies, as that of a test does.
func FindBin() (string, error) {
	start, err := os.Getwd()
	for dir := start; err == nil && dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		bin := filepath.Join(dir, "hack", "bin")
		if _, err := os.Stat(bin); err == nil {
			return bin, nil
		}
	}
	return "", errors.Join(fmt.Errorf("no hack/bin in %s or above it: make tools builds it", start), err)
}
