// Package program is how the programs of hack begin and end.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Main runs a program with its arguments and standard output until it returns. Its context ends at the first SIGINT or
// SIGTERM; a second one ends what the first did not. An error is told with the prefix on standard error, and the exit code
// is 1; that help was asked for is none.
func Main(prefix string, run func(ctx context.Context, args []string, out io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, prefix+":", err)
		os.Exit(1)
	}
}
