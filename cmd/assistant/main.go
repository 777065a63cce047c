// Command assistant serves the AI assistant: conversations with a Gemini model over HTTP, observed by Prometheus
// metrics, JSON logs and health reports.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	_ "golang.org/x/crypto/x509roots/fallback" // the image has no CA certificates of its own
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the drain
	if err := command(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "assistant:", err)
		if errors.As(err, &usageError{}) {
			os.Exit(2)
		}
		os.Exit(1)
	}
}

// command serves, unless the first argument names another command.
func command(ctx context.Context, args []string) error {
	name := ""
	if len(args) > 0 {
		name = args[0]
	}
	switch name {
	case "analyze":
		return analyze(ctx, args[1:], streams{os.Stdin, os.Stdout, os.Stderr, isTerminal(os.Stderr)})
	case "check":
		return check(ctx, args[1:], os.Getenv, os.Stdout)
	default:
		return run(ctx, args, os.Getenv, os.Stdout)
	}
}
