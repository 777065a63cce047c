package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/clientkeys"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/httpapi"
)

// apiOptions are the options of clients and limits.
type apiOptions struct {
	clientKeysFile string
	clientRate     float64
	clientBurst    int
	limits         httpapi.Limits
}

func (o *apiOptions) register(fs *flag.FlagSet) {
	limits := httpapi.DefaultLimits()
	fs.StringVar(&o.clientKeysFile, "client-keys-file", "", "`file` of the clients' bearer keys, one NAME:KEY a line, read again "+
		"when it changes (default: no key is needed)")
	fs.Float64Var(&o.clientRate, "client-rate", 0, "most `requests` per second of a client, or of all without keys; 0 for no limit")
	fs.IntVar(&o.clientBurst, "client-burst", 0, "most `requests` of a client at once; 0 for those of a second, at least 1")
	fs.Int64Var(&o.limits.BodyBytes, "max-body-bytes", limits.BodyBytes, "largest request body in `bytes`")
	fs.IntVar(&o.limits.PromptCharacters, "max-prompt-characters", limits.PromptCharacters, "most `characters` of text in a request")
	fs.IntVar(&o.limits.HistoryMessages, "max-history-messages", limits.HistoryMessages, "most `messages` of a conversation sent to "+
		"the model; a session may keep fewer")
}

func (o apiOptions) validate() error {
	var errs []error
	check := func(ok bool, message string) {
		if !ok {
			errs = append(errs, errors.New(message))
		}
	}
	check(o.clientRate >= 0 && !math.IsInf(o.clientRate, 0), "--client-rate must be a number of requests per second, or 0")
	check(o.clientBurst >= 0, "--client-burst must not be negative")
	check(o.clientBurst == 0 || o.clientRate > 0, "--client-burst needs --client-rate")
	check(o.limits.BodyBytes > 0, "--max-body-bytes must be positive")
	check(o.limits.PromptCharacters > 0, "--max-prompt-characters must be positive")
	check(o.limits.HistoryMessages > 0, "--max-history-messages must be positive")
	return errors.Join(errs...)
}

// configure applies the options to c. It watches a file of keys until ctx ends.
func (o apiOptions) configure(ctx context.Context, c *httpapi.Config, logger *slog.Logger) error {
	c.Rate = httpapi.Rate{PerSecond: o.clientRate, Burst: o.clientBurst}
	c.Limits = o.limits
	if o.clientKeysFile == "" {
		return nil
	}
	keys, err := clientkeys.Open(ctx, o.clientKeysFile, logger)
	if err != nil {
		return fmt.Errorf("--client-keys-file: %w", err)
	}
	c.Keys = keys
	return nil
}
