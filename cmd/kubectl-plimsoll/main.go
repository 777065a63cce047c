// Command kubectl-plimsoll is the kubectl plugin of Plimsoll, and a plain program for CI: it suggests, imports,
// renders and validates AlertThresholds, backtests their levels, tells why an alert does not fire, and sends one to see who gets it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// version is set by the linker: -X main.version=v1.2.3.
var version = "devel"

// errCheckFailed is the result that was printed already: a threshold is invalid, fires too often, or does not work.
var errCheckFailed = errors.New("a check failed")

// usageError is an error of the command line, after which the help is pointed to.
type usageError struct{ error }

func usageErrorf(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	os.Exit(exitCode(run(ctx, os.Args[1:], streams), streams.ErrOut))
}

// run executes the command line.
func run(ctx context.Context, args []string, streams genericiooptions.IOStreams) error {
	root := newCLI(streams).rootCommand()
	root.SetArgs(args)
	cmd, err := root.ExecuteContextC(ctx)
	if errors.As(err, &usageError{}) {
		return fmt.Errorf("%w\nSee '%s --help' for usage", err, cmd.CommandPath())
	}
	return err
}

// exitCode prints the error and returns the exit code. As for diff and grep, 1 is a result and 2 is none.
func exitCode(err error, stderr io.Writer) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errCheckFailed):
		return 1
	default:
		fmt.Fprintln(stderr, "error:", err)
		return 2
	}
}
