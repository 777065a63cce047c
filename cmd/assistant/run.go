package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/gemini"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/httpapi"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/session"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/system"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// run is the program: it serves until ctx ends, and drains. Logs go to stdout, as do help and version.
func run(ctx context.Context, args []string, getenv func(string) string, stdout io.Writer) error {
	opts, err := parseOptions(args, getenv, stdout)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return nil
	case err != nil:
		return err
	case opts.version:
		_, err := fmt.Fprintln(stdout, versionLine())
		return err
	}
	key, err := apiKey(opts.apiKeyFile, getenv)
	if err != nil {
		return err
	}
	return serve(ctx, opts, key, logs.New(stdout, opts.logLevel))
}

func serve(ctx context.Context, opts options, key string, logger *slog.Logger) (err error) {
	prices, err := loadPrices(opts.priceFile)
	if err != nil {
		return err
	}
	sessions, err := session.NewMemory(session.DefaultLimits(opts.sessionTTL))
	if err != nil {
		return err
	}
	sampler := system.Start(ctx, ".", logger)
	recorder := telemetry.New(telemetry.Config{
		Models: []string{opts.model}, Prices: prices, Sessions: sessions.Active, System: sampler.Reading,
	})
	model, err := gemini.New(ctx, gemini.Config{
		Model: opts.model, APIKey: key, Endpoint: opts.geminiEndpoint, Timeout: opts.geminiTimeout,
		Attempted: func(ctx context.Context, status int) { recorder.Attempt(ctx, opts.model, status) },
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, model.Close()) }()
	api := httpapi.New(httpapi.Config{
		Model:    telemetry.Observe(model, recorder, logger),
		Sessions: sessions, Recorder: recorder, System: sampler.Reading, Logger: logger,
	})
	serving, err := listen(opts)
	if err != nil {
		return err
	}

	logger.InfoContext(ctx, "Application started", started(opts, serving)...)
	if _, ok := prices.Of(opts.model); !ok && opts.priceFile != "" {
		logger.WarnContext(ctx, "Model has no price in the price file", "model", opts.model, "price_file", opts.priceFile)
	}
	err = api.Serve(ctx, serving)
	logger.InfoContext(ctx, "Application shutdown", "uptime", api.Uptime())
	return err
}

// listen opens the ports before anything is said to have started.
func listen(opts options) (httpapi.Serving, error) {
	s := httpapi.Serving{
		ModelTimeout: opts.geminiTimeout, ShutdownDelay: opts.shutdownDelay, ShutdownTimeout: opts.shutdownTimeout,
	}
	var err error
	if s.Public, err = net.Listen("tcp", opts.listen); err != nil {
		return s, fmt.Errorf("opening --listen: %w", err)
	}
	if opts.telemetryListen == "" {
		return s, nil
	}
	if s.Telemetry, err = net.Listen("tcp", opts.telemetryListen); err != nil {
		return s, errors.Join(fmt.Errorf("opening --telemetry-listen: %w", err), s.Public.Close())
	}
	return s, nil
}

// started are the fields of the first line: what is running, where, with what.
func started(opts options, s httpapi.Serving) []any {
	fields := []any{"version", version, "model", opts.model, "listen", s.Public.Addr().String()}
	if s.Telemetry != nil {
		fields = append(fields, "telemetry_listen", s.Telemetry.Addr().String())
	}
	if opts.geminiEndpoint != "" {
		fields = append(fields, "gemini_endpoint", opts.geminiEndpoint)
	}
	return fields
}
