// Package build makes what the demo and the tests run: the pinned tools of hack/tools, the product's binaries, and
// container images of both, without a registry. It only drives the go command, apt-get and buildah.
package build

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path"
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
	// tags leaves the clouds' service discoveries out of Prometheus: they are most of what it compiles.
	tags = "remove_all_sd,enable_kubernetes_sd"

	loki      = "github.com/grafana/loki/v3"
	collector = "go.opentelemetry.io/collector/otelcol"
)

var tools = []tool{
	{name: "kube-apiserver", pkg: kubernetes + "/cmd/kube-apiserver", mod: kubernetes, cold: 84},
	{name: "kube-controller-manager", pkg: kubernetes + "/cmd/kube-controller-manager", mod: kubernetes, cold: 27},
	{name: "kube-scheduler", pkg: kubernetes + "/cmd/kube-scheduler", mod: kubernetes, cold: 2},
	{name: "kube-proxy", pkg: kubernetes + "/cmd/kube-proxy", mod: kubernetes, cold: 3},
	{name: "kube-apiserver-oldest", pkg: kubernetes + "/cmd/kube-apiserver", mod: kubernetes, dir: "kubernetes-oldest", byName: true},
	{name: "kube-controller-manager-oldest", pkg: kubernetes + "/cmd/kube-controller-manager", mod: kubernetes, dir: "kubernetes-oldest", byName: true},
	{name: "kubelet", pkg: kubernetes + "/cmd/kubelet", mod: kubernetes, cold: 9},
	{name: "kubectl", pkg: kubernetes + "/cmd/kubectl", mod: kubernetes, cold: 10},
	{name: "etcd", pkg: "go.etcd.io/etcd/server/v3", mod: "go.etcd.io/etcd/server/v3", cold: 4},
	// Its main is ours: the plugins for clouds are most of what the released one compiles.
	{name: "coredns", pkg: "./coredns", mod: "github.com/coredns/coredns", cold: 4},
	{name: "helm", pkg: "helm.sh/helm/v4/cmd/helm", mod: "helm.sh/helm/v4", cold: 11},
	{name: "helm-unittest", pkg: unittest + "/cmd/helm-unittest", mod: unittest, dir: "helm-unittest"},
	{name: "prometheus", pkg: prometheus + "/cmd/prometheus", mod: prometheus, cold: 30},
	{name: "promtool", pkg: prometheus + "/cmd/promtool", mod: prometheus, cold: 2},
	// Its main is ours: the server evaluates rules in the present alone.
	{name: "ruleengine", pkg: "./ruleengine", mod: prometheus},
	{name: "alertmanager", pkg: alertmgr + "/cmd/alertmanager", mod: alertmgr, dir: "alertmanager", cold: 4},
	{name: "loki", pkg: loki + "/cmd/loki", mod: loki, dir: "logs", cold: 120},
	// Its main is ours: a collector is what its builder makes of a list of components.
	{name: "otelcol", pkg: "./otelcol", mod: collector, dir: "logs", cold: 30},
	{name: "prometheus-operator", pkg: operator + "/cmd/operator", mod: operator, cold: 11},
	{name: "prometheus-config-reloader", pkg: operator + "/cmd/prometheus-config-reloader", mod: operator, cold: 1},
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
	for _, group := range byModule(chosen) {
		if err := b.tools(ctx, group); err != nil {
			return err
		}
	}
	return nil
}

// byModule splits tools by the go.mod that pins them, in their order: one go command builds all of one, so that it compiles
// the next while it links the last.
func byModule(chosen []tool) [][]tool {
	var groups [][]tool
	for _, t := range chosen {
		i := slices.IndexFunc(groups, func(g []tool) bool { return g[0].dir == t.dir })
		if i < 0 {
			i, groups = len(groups), append(groups, nil)
		}
		groups[i] = append(groups[i], t)
	}
	return groups
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

// tools builds what hack/bin does not hold of tools that one go.mod pins.
func (b Builder) tools(ctx context.Context, group []tool) error {
	p, err := b.plan(group)
	if err != nil {
		return err
	}
	if len(p.stale) > 0 {
		files := map[string]string{}
		for _, t := range p.stale {
			files[t.pkg] = p.files[t.name]
		}
		err := b.Steps.Do(ctx, p.step(), func(ctx context.Context) error {
			return b.compile(ctx, p.dir, inlinedOf[group[0].dir], p.ldflags, files)
		})
		if err != nil {
			return err
		}
	}
	for _, t := range group {
		if err := link(p.files[t.name], filepath.Join(b.Bin(), t.name)); err != nil {
			return err
		}
	}
	return nil
}

// binary is what the go command calls the program: the last element of its package's path that is no version.
func binary(pkg string) string {
	dir, last := path.Split(pkg)
	if strings.HasPrefix(last, "v") && strings.Trim(last[1:], "0123456789") == "" {
		return path.Base(dir)
	}
	return last
}

// Expect announces the steps of Tools: of those named that hack/bin does not hold.
func (b Builder) Expect(names ...string) error {
	chosen, err := choose(names)
	if err != nil {
		return err
	}
	for _, group := range byModule(chosen) {
		p, err := b.plan(group)
		if err != nil {
			return err
		}
		cold := 0
		for _, t := range p.stale {
			cold += t.cold
		}
		if len(p.stale) > 0 {
			b.Steps.Expect(p.step(), time.Duration(cold)*time.Second)
		}
	}
	return nil
}

// planned is how the tools of one go.mod are built: in which folder, which of them, and to which file of hack/bin each.
type planned struct {
	dir, ldflags string
	files        map[string]string
	stale        []tool
}

func (b Builder) plan(group []tool) (planned, error) {
	p := planned{dir: filepath.Join(b.Root, "hack", "tools", group[0].dir), ldflags: "-s -w", files: map[string]string{}}
	mod, err := readMod(filepath.Join(p.dir, "go.mod"))
	if err != nil {
		return planned{}, err
	}
	for _, t := range group {
		version := mod[t.mod]
		if version == "" {
			return planned{}, fmt.Errorf("tool %s: %s does not require %s", t.name, filepath.Join(p.dir, "go.mod"), t.mod)
		}
		p.files[t.name] = t.name + "-" + version
		if stale(filepath.Join(b.Bin(), p.files[t.name]), filepath.Join(p.dir, t.pkg, "main.go")) {
			p.stale = append(p.stale, t)
		}
	}
	if version := mod[kubernetes]; version != "" {
		p.ldflags += versionFlags(version)
	}
	return p, nil
}

// step names what is built.
func (p planned) step() string {
	var names []string
	for _, t := range p.stale {
		names = append(names, t.name)
	}
	return buildStep(names)
}

// buildStep fits a line, which it may be many times.
func buildStep(names []string) string {
	if more := len(names) - 2; more > 1 {
		return fmt.Sprintf("build %s, %s and %d more", names[0], names[1], more)
	}
	return "build " + strings.Join(names, ", ")
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

// readMod reads the versions that a go.mod requires.
func readMod(file string) (map[string]string, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	mod, err := modfile.ParseLax(file, data, nil)
	if err != nil {
		return nil, err
	}
	versions := map[string]string{}
	for _, r := range mod.Require {
		versions[r.Mod.Path] = r.Mod.Version
	}
	return versions, nil
}

// versionFlags are the linker flags that make Kubernetes' programs tell their version: clients refuse a server whose version
// they cannot parse.
func versionFlags(version string) string {
	parts := strings.SplitN(strings.TrimPrefix(version, "v"), ".", 3)
	const pkg = " -X k8s.io/component-base/version."
	return pkg + "gitVersion=" + version + pkg + "gitMajor=" + parts[0] + pkg + "gitMinor=" + parts[1]
}

// Compile are the go command's flags for what is built into hack/bin: without inlining and debug information, and one thread
// a package, it takes two thirds of the time. What is released is compiled by hack/release.sh and the Dockerfile.
// The Makefile compiles hack/dev with the same, so that they share the build cache.
const Compile = "-gcflags=all=-l -dwarf=false -c=1"

// inlinedOf are the packages that are compiled as usual, by the folder of the go.mod: benchmarks measure Prometheus, and people
// wait for the linter each day.
var inlinedOf = map[string]string{"": prometheus + "/...", "golangci-lint": "all"}

// compile compiles packages of programs statically, in dir, and puts each into hack/bin as the file that files names. The packages
// that inlined matches are inlined, if it is not empty. Each comes in one move: an interrupted build leaves nothing that looks finished.
func (b Builder) compile(ctx context.Context, dir, inlined, ldflags string, files map[string]string) error {
	if err := os.MkdirAll(b.Bin(), 0o755); err != nil {
		return err
	}
	part, err := os.MkdirTemp(b.Bin(), "part-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(part)
	args := []string{"go", "build", "-trimpath", "-buildvcs=false", Compile, "-tags", tags, "-ldflags", ldflags, "-o", part + "/"}
	if inlined != "" {
		args = append(args, "-gcflags="+inlined+"=-dwarf=false")
	}
	pkgs := slices.Sorted(maps.Keys(files))
	cmd := exec.CommandContext(ctx, "nice", append(args, pkgs...)...) // what runs meanwhile goes first
	cmd.Dir = dir
	// The compiler's garbage would mostly be collected just before it ends.
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOGC=off", "GOMEMLIMIT=1GiB")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", strings.Join(pkgs, " "), err, out)
	}
	for _, pkg := range pkgs {
		if err := os.Rename(filepath.Join(part, binary(pkg)), filepath.Join(b.Bin(), files[pkg])); err != nil {
			return err
		}
	}
	return nil
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
