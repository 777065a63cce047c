// Command kubectl-plimsoll is the kubectl plugin of Plimsoll, and a plain program for CI: it renders AlertThresholds,
// checks them and tells what their lines would have done, and why they do not fire.
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

// Exit codes, as diff and grep have them: 1 is an answer, 2 is none.
const (
	exitNo      = 1
	exitTrouble = 2
)

// errNo is the answer no, said already: a threshold is invalid, fires too often, or its chain is broken.
var errNo = errors.New("no")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends it at once
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	os.Exit(exitCode(run(ctx, os.Args[1:], streams), streams.ErrOut))
}

// run is the program.
func run(ctx context.Context, args []string, streams genericiooptions.IOStreams) error {
	root := newRoot(streams)
	root.SetArgs(args)
	return root.ExecuteContext(ctx)
}

// exitCode prints the error, unless it is an answer, and is what the program ends with.
func exitCode(err error, stderr io.Writer) int {
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errNo):
		return exitNo
	default:
		fmt.Fprintln(stderr, "error:", err)
		return exitTrouble
	}
}
