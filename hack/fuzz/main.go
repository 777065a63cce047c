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
	"text/tabwriter"
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
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "TARGET\tPACKAGE\tINPUTS TRIED\tRESULT\t")
	var failed []error
	for _, t := range targets {
		tried, err := t.fuzz(ctx, *dir, *each)
		result := "ok"
		if err != nil {
			result = "FAILED"
			failed = append(failed, fmt.Errorf("%s in %s: %w", t.name, t.pkg, err))
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\t\n", t.name, t.pkg, tried, result)
	}
	return errors.Join(append(failed, table.Flush())...)
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

// fuzz runs a target and returns how many inputs it tried.
func (t target) fuzz(ctx context.Context, dir string, each time.Duration) (tried string, err error) {
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", each.String(), t.pkg)
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err = cmd.Run(); err != nil {
		err = fmt.Errorf("%w\n%s", err, &said)
	}
	if all := progress.FindAllStringSubmatch(said.String(), -1); len(all) > 0 {
		tried = all[len(all)-1][1]
	}
	return cmp.Or(tried, "0"), err
}
