package build

import (
	"context"
	"fmt"
	"os/exec"
	"slices"
	"strings"
)

// programs are the module's own, by the folders of their packages: the product's, and those that only the demo and the tests run.
var programs = []string{
	"./cmd/assistant", "./cmd/controller", "./cmd/kubectl-plimsoll", "./hack/test/fakegemini", "./hack/test/loadgen", "./hack/pause", "./hack/dev",
}

// ProgramsStep is the step that Programs prints.
func ProgramsStep(names ...string) string { return buildStep(names) }

// Programs compiles the module's own programs of those names, or all, into hack/bin, carrying the version that git describes.
func (b Builder) Programs(ctx context.Context, names ...string) error {
	if len(names) == 0 {
		for _, pkg := range programs {
			names = append(names, binary(pkg))
		}
	}
	files := map[string]string{}
	for _, name := range names {
		i := slices.IndexFunc(programs, func(pkg string) bool { return binary(pkg) == name })
		if i < 0 {
			return fmt.Errorf("no program %q; there are %s", name, strings.Join(programs, ", "))
		}
		files[programs[i]] = name
	}
	return b.Steps.Do(ctx, ProgramsStep(names...), func(ctx context.Context) error {
		return b.compile(ctx, b.Root, "", "-s -w -X main.version="+b.version(ctx), files)
	})
}

// version is what git says of the checkout, or "dev" outside of one.
func (b Builder) version(ctx context.Context) string {
	cmd := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--tags")
	cmd.Dir = b.Root
	out, err := cmd.Output()
	if err != nil {
		return "dev"
	}
	return strings.TrimSpace(string(out))
}
