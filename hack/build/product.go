package build

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
)

// programs are the module's own binaries: the product's two, and those that only the demo and the tests run.
var programs = []string{"cmd/assistant", "cmd/controller", "cmd/kubectl-plimsoll", "hack/test/fakegemini", "hack/test/loadgen", "hack/pause", "hack/dev"}

// ProgramsStep is the step that Programs prints.
const ProgramsStep = "build assistant, controller and the demo's"

// Programs compiles the module's own binaries into hack/bin, carrying the version that git describes.
func (b Builder) Programs(ctx context.Context) error {
	return b.Steps.Do(ctx, ProgramsStep, func(ctx context.Context) error {
		ldflags := "-s -w -X main.version=" + b.version(ctx)
		for _, dir := range programs {
			path := filepath.Join(b.Bin(), filepath.Base(dir))
			if err := goBuild(ctx, b.Root, path, "./"+dir, "", ldflags); err != nil {
				return err
			}
		}
		return nil
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
