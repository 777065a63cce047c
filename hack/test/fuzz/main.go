// Fuzz runs every fuzz target of the module, each for the same time, and prints what it tried. Targets are found by asking
// the go command, so that none can be forgotten. It fails if a target does; the input that did it is then kept beside the
// target, where go test plays it ever after.
package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/program"
)

func main() { program.Main("fuzz", run) }

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("fuzz", flag.ContinueOnError)
	dir := flags.String("dir", ".", "the module's `folder`")
	each := flags.Duration("time", 10*time.Second, "how long each target runs")
	if err := flags.Parse(args); err != nil {
		return err
	}
	targets, err := list(ctx, *dir)
	if err != nil {
		return err
	}
	if len(targets) == 0 {
		return errors.New("there is no fuzz target")
	}
	name, pkg := len("TARGET"), len("PACKAGE")
	for _, t := range targets {
		name, pkg = max(name, len(t.name)), max(pkg, len(t.pkg))
	}
	row := func(cells ...any) error { // each as soon as it is known, which a tabwriter cannot
		_, err := fmt.Fprintf(out, "%-*s  %-*s  %12s  %s\n", append([]any{name, cells[0], pkg, cells[1]}, cells[2:]...)...)
		return err
	}
	failed := []error{row("TARGET", "PACKAGE", "INPUTS TRIED", "RESULT")}
	for _, t := range targets {
		tried, err := t.fuzz(ctx, *dir, *each)
		result := "ok"
		if err != nil {
			result = "FAILED"
			failed = append(failed, fmt.Errorf("%s in %s: %w", t.name, t.pkg, err))
		}
		failed = append(failed, row(t.name, t.pkg, tried, result))
	}
	return errors.Join(failed...)
}

// target is a fuzz test of a package.
type target struct{ name, pkg string }

// list asks the go command for all targets.
func list(ctx context.Context, dir string) ([]target, error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-list", "^Fuzz", "./...")
	cmd.Dir = dir
	said, err := cmd.CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("listing the targets: %w\n%s", err, said)
	}
	return parse(string(said)), nil
}

// parse reads what go test -list says: the names of a package's targets, and then the package.
func parse(said string) []target {
	var all []target
	var names []string
	for line := range strings.Lines(said) {
		words := strings.Fields(line)
		switch {
		case len(words) == 1 && strings.HasPrefix(words[0], "Fuzz"):
			names = append(names, words[0])
		case len(words) > 1 && words[0] == "ok":
			for _, name := range names {
				all = append(all, target{name, words[1]})
			}
			names = nil
		}
	}
	return all
}

// progress is what go test says every few seconds.
var progress = regexp.MustCompile(`(?m)^fuzz: elapsed: [^,]+, execs: (\d+) `)

// untrue is how go test says that a target failed which did not: that its time was over, see go.dev/issue/75804. Go 1.27 has
// it mended. A target that does fail has its input's failure there, indented.
var untrue = regexp.MustCompile(`(?m)^--- FAIL: Fuzz\S* \(.*\)\n    context deadline exceeded\nFAIL$`)

// fuzz runs a target and returns how many inputs it tried. Go would spend up to a minute on making each new input small,
// which is most of a short time, and of use only for one that fails.
func (t target) fuzz(ctx context.Context, dir string, each time.Duration) (tried string, err error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$",
		"-fuzztime", each.String(), "-fuzzminimizetime", "100x", t.pkg)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if failed := cmd.Run(); failed != nil && !untrue.Match(said.Bytes()) {
		err = fmt.Errorf("%w\n%s", failed, &said)
	}
	if all := progress.FindAllStringSubmatch(said.String(), -1); len(all) > 0 {
		tried = all[len(all)-1][1]
	}
	return cmp.Or(tried, "0"), err
}
