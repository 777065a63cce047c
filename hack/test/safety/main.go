// Safety looks for what should not be shipped: modules that are not what go.sum says, code that gosec warns of, and known
// vulnerabilities that the product can reach. It prints what it looked at, and fails if it found something or could not
// look.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"text/tabwriter"

	"github.com/plimsoll-dev/plimsoll/hack/program"
)

func main() { program.Main("safety", run) }

// check is a command that finds nothing where all is well.
type check struct {
	what    string
	dir     string
	command []string
	skip    string // why it is not run; empty to run it
}

func run(ctx context.Context, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("safety", flag.ContinueOnError)
	dir := flags.String("dir", ".", "the module's `folder`")
	bin := flags.String("bin", "hack/bin", "the `folder` of golangci-lint and govulncheck")
	db := flags.String("vulndb", "", "`URL` of the database of vulnerabilities, such as that of a mirror (default: the Go project's)")
	offline := flags.Bool("offline", false, "leave out what needs the network: known vulnerabilities")
	if err := flags.Parse(args); err != nil {
		return err
	}
	tools, err := filepath.Abs(*bin)
	if err != nil {
		return err
	}
	var failed []error
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "LOOKED FOR\tIN\tFOUND\t")
	for _, c := range checks(*dir, tools, *db, *offline) {
		found, err := c.run(ctx)
		if err != nil {
			failed = append(failed, err)
		}
		fmt.Fprintf(table, "%s\t%s\t%s\t\n", c.what, c.dir, found)
	}
	return errors.Join(append(failed, table.Flush())...)
}

func checks(dir, tools, db string, offline bool) []check {
	vulnerable := []string{filepath.Join(tools, "govulncheck")}
	if db != "" {
		vulnerable = append(vulnerable, "-db", db)
	}
	all := []check{
		{what: "modules other than go.sum says", dir: dir, command: []string{"go", "mod", "verify"}},
		{what: "what gosec warns of", dir: dir, command: []string{
			filepath.Join(tools, "golangci-lint"), "run", "--allow-parallel-runners", "--enable-only", "gosec", "./...",
		}},
		{what: "known vulnerabilities in reach", dir: dir, command: append(vulnerable, "./...")},
	}
	if offline {
		all[2].skip = "not looked: -offline"
	}
	return all
}

func (c check) run(ctx context.Context) (found string, err error) {
	if c.skip != "" {
		return c.skip, nil
	}
	cmd := exec.CommandContext(ctx, c.command[0], c.command[1:]...)
	cmd.Dir = c.dir
	if said, err := cmd.CombinedOutput(); err != nil {
		return "SOMETHING", fmt.Errorf("%s: %w\n%s", c.what, err, said)
	}
	return "nothing", nil
}
