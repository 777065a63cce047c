package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/clientkeys"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/httpapi"
)

// apiOptions are the options of clients and limits.
type apiOptions struct {
	clientKeysFile string
	clientRate     float64
	clientBurst    int
	limits         httpapi.Limits
	corsOrigins    string // with commas between them
	keepAlive      time.Duration
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
	fs.StringVar(&o.corsOrigins, "cors-origins", "", "`origins` whose pages may call the API from a browser, such as "+
		"https://example.com, with commas between them, or * for all (default: none)")
	fs.DurationVar(&o.keepAlive, "keep-alive-interval", httpapi.DefaultKeepAlive, "how long a stream may be silent before a "+
		"comment shows that it lives; 0 for ever")
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
	check(o.keepAlive >= 0, "--keep-alive-interval must not be negative")
	for _, origin := range o.origins() {
		check(originPattern.MatchString(origin), fmt.Sprintf("--cors-origins: %q is not an origin, such as https://example.com, or *", origin))
	}
	return errors.Join(errs...)
}

// originPattern matches what browsers send as Origin, and * for all.
var originPattern = regexp.MustCompile(`^(\*|[a-z][a-z0-9+.-]*://[^/?#*\s]+)$`)

// origins are those of --cors-origins; none if it is empty.
func (o apiOptions) origins() []string {
	if o.corsOrigins == "" {
		return nil
	}
	return strings.Split(o.corsOrigins, ",")
}

// configure applies the options to c. It watches a file of keys until ctx ends.
func (o apiOptions) configure(ctx context.Context, c *httpapi.Config, logger *slog.Logger) error {
	c.Rate = httpapi.Rate{PerSecond: o.clientRate, Burst: o.clientBurst}
	c.Limits, c.CORSOrigins, c.KeepAlive = o.limits, o.origins(), o.keepAlive
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
