package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/session"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// options is the whole configuration except the key, which must not be in a command line.
type options struct {
	listen          string
	telemetryListen string
	model           string // or several, with commas between them
	apiKeyFile      string
	priceFile       string
	genAI           telemetry.GenAINames
	logLevel        slog.Level
	logFile         logs.FileOptions
	sessionTTL      time.Duration
	sessionStore    session.Address // of Redis; its URL is "memory" for none
	shutdownDelay   time.Duration
	shutdownTimeout time.Duration
	version         bool

	api      apiOptions
	upstream upstreamOptions
}

// defaultGeminiModel is the model of the source document.
const defaultGeminiModel = "gemini-flash-latest"

// parseOptions reads and validates flags, and the environment for flags that are not set. Help goes to stdout, and the
// error is then flag.ErrHelp.
func parseOptions(args []string, getenv func(string) string, stdout io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("assistant", flag.ContinueOnError)
	fs.SetOutput(io.Discard) // errors are returned, and help is printed below
	o.register(fs)
	if err := fs.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			_, writeErr := io.WriteString(stdout, helpText(fs))
			return o, cmp.Or(writeErr, err)
		}
		return o, fmt.Errorf("%w; see --help", err)
	}
	if fs.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q; see --help", fs.Arg(0))
	}
	if o.version {
		return o, nil
	}
	if err := fromEnvironment(fs, getenv); err != nil {
		return o, err
	}
	return o, o.validate()
}

func (o *options) register(fs *flag.FlagSet) {
	fs.StringVar(&o.listen, "listen", ":8000", "`address` that users reach")
	fs.StringVar(&o.telemetryListen, "telemetry-listen", "", "`address` of /metrics, /stats, /health and /log-level (default: --listen's)")
	fs.StringVar(&o.model, "model", defaultGeminiModel, "`name` of the model, or several with commas between them, the default first")
	fs.StringVar(&o.apiKeyFile, "api-key-file", "", "`file` with the API key, read for every call (default: GEMINI_API_KEY or OPENAI_API_KEY)")
	fs.StringVar(&o.priceFile, "price-file", "", "YAML `file` with the models' prices (default: none, and calls count as unpriced)")
	fs.Func("genai-metrics", "`names` of OpenTelemetry's GenAI conventions under which model calls are counted, too: off, old, new "+
		"or both (default off)", func(s string) (err error) {
		o.genAI, err = telemetry.ParseGenAINames(s)
		return err
	})
	fs.Func("log-level", "lowest `level` logged: debug, info, warning or error (default info)", func(s string) (err error) {
		o.logLevel, err = logs.ParseLevel(s)
		return err
	})
	o.registerLogFile(fs)
	fs.DurationVar(&o.sessionTTL, "session-ttl", 30*time.Minute, "how long a session lives after its last message")
	registerSessionStore(fs, &o.sessionStore)
	fs.DurationVar(&o.shutdownDelay, "shutdown-delay", 3*time.Second, "how long requests are accepted after readiness fails")
	fs.DurationVar(&o.shutdownTimeout, "shutdown-timeout", 25*time.Second, "maximum duration of a shutdown, including the delay")
	o.api.register(fs)
	o.upstream.register(fs)
	fs.BoolVar(&o.version, "version", false, "print the version and exit")
}

func (o *options) registerLogFile(fs *flag.FlagSet) {
	fs.StringVar(&o.logFile.Path, "log-file", "", "`file` for log lines in addition to stdout (default: stdout only); if it "+
		"cannot be written, stdout and log_write_errors_total say so and the service goes on")
	fs.IntVar(&o.logFile.MaxSize, "log-file-max-size", 100, "size in `MB` at which the log file is rotated")
	fs.IntVar(&o.logFile.MaxBackups, "log-file-max-backups", 5, "`number` of rotated files to keep, 0 for all")
	fs.IntVar(&o.logFile.MaxAge, "log-file-max-age", 0, "`days` to keep rotated files, 0 for ever")
	fs.BoolVar(&o.logFile.Compress, "log-file-compress", true, "gzip rotated files; assistant analyze reads them")
}

// envName returns the environment variable of a flag; empty for --version.
func envName(f *flag.Flag) string {
	if f.Name == "version" {
		return ""
	}
	return "PLIMSOLL_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
}

// fromEnvironment sets flags that were not given from the environment. An empty variable counts as unset.
func fromEnvironment(fs *flag.FlagSet, getenv func(string) string) error {
	given := map[string]bool{}
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	var errs []error
	fs.VisitAll(func(f *flag.Flag) {
		env := envName(f)
		if env == "" || given[f.Name] {
			return
		}
		if value := getenv(env); value != "" {
			if err := fs.Set(f.Name, value); err != nil {
				errs = append(errs, fmt.Errorf("invalid value %q in %s: %w", value, env, err))
			}
		}
	})
	return errors.Join(errs...)
}

func (o options) validate() error {
	var errs []error
	check := func(ok bool, message string) {
		if !ok {
			errs = append(errs, errors.New(message))
		}
	}
	check(o.listen != "", "--listen must not be empty")
	check(o.logFile.MaxSize > 0, "--log-file-max-size must be positive")
	check(o.logFile.MaxBackups >= 0, "--log-file-max-backups must not be negative")
	check(o.logFile.MaxAge >= 0, "--log-file-max-age must not be negative")
	check(o.sessionTTL > 0, "--session-ttl must be positive")
	if err := checkSessionStore(o.sessionStore); err != nil {
		errs = append(errs, err)
	}
	check(o.shutdownDelay >= 0, "--shutdown-delay must not be negative")
	check(o.shutdownTimeout > o.shutdownDelay, "--shutdown-timeout must be longer than --shutdown-delay")
	errs = append(errs, o.checkModels(), o.api.validate(), o.upstream.validate())
	return errors.Join(errs...)
}
