package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/httpapi"
	"github.com/plimsoll-dev/plimsoll/internal/system"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
	"github.com/plimsoll-dev/plimsoll/internal/tracing"
)

// run serves until ctx ends, and drains. Logs, help and version go to stdout.
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
	key, err := opts.apiKey(getenv)
	if err != nil {
		return err
	}
	log := newLogging(opts, stdout)
	return errors.Join(serve(ctx, opts, key, log, getenv), log.output.Close())
}

func serve(ctx context.Context, opts options, key string, log logging, getenv func(string) string) (err error) {
	logger := log.logger
	prices, err := loadPrices(opts.priceFile)
	if err != nil {
		return err
	}
	sampler := system.Start(ctx, ".", logger)
	tuneGC(sampler.Reading().Memory, getenv)
	go log.window.Follow(ctx, system.Interval, func() (cpu, memory *float64) { return cpuAndMemory(sampler.Reading()) })
	traces, err := tracing.Open(ctx, version, logger)
	if err != nil { // the environment is often set for all programs of a cluster: what does not fit here stops nobody
		logger.ErrorContext(ctx, "Traces are not exported", "error", err.Error())
	}
	defer traces.Close()
	recorder := telemetry.New(telemetry.Config{
		Models: slices.Concat(opts.modelNames(), opts.embeddingNames()), Prices: prices, System: sampler.Reading, LogWriteErrors: log.output.Lost,
		GenAI: opts.genAI, Tracer: traces.Tracer(),
	})
	sessions, closeSessions, err := openSessions(opts, recorder.SessionStoreError, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeSessions()) }()
	recorder.CollectSessions(sessions.Active)
	models, err := openUpstream(ctx, opts, key, recorder.Attempt)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, models.Close()) }()
	lookups := lookUpModels(ctx, models, slices.Concat(opts.modelNames(), opts.embeddingNames()), logger)
	defer lookups.stop()
	config := httpapi.Config{
		Sessions: sessions, Recorder: recorder, System: sampler.Reading, Logger: logger,
		Stats: log.window, Level: log.level, Tracer: traces.Tracer(), AbsentModels: lookups.absentModels,
	}
	for _, name := range opts.modelNames() {
		config.Models = append(config.Models, telemetry.Instrument(models.Model(name), recorder, logger))
	}
	for _, name := range opts.embeddingNames() {
		config.Embedders = append(config.Embedders, telemetry.InstrumentEmbedder(models.Embedder(name), recorder, logger))
	}
	if err := opts.api.configure(ctx, &config, logger); err != nil {
		return err
	}
	if config.Keys != nil {
		recorder.CountClients(config.Keys.Names)
	}
	api := httpapi.New(config)
	serving, err := listen(opts)
	if err != nil {
		return err
	}

	logger.InfoContext(ctx, "Application started", startupFields(opts, serving)...)
	for _, name := range opts.modelNames() {
		if _, ok := prices.Of(name); !ok && opts.priceFile != "" {
			logger.WarnContext(ctx, "Model has no price in the price file", "model", name, "price_file", opts.priceFile)
		}
	}
	err = api.Serve(ctx, serving)
	logger.InfoContext(ctx, "Application shutdown", "uptime", api.Uptime())
	return err
}

// listen opens the ports.
func listen(opts options) (httpapi.Serving, error) {
	s := httpapi.Serving{
		ShutdownDelay: opts.shutdownDelay, ShutdownTimeout: opts.shutdownTimeout,
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

// startupFields returns the fields of the first log line.
func startupFields(opts options, s httpapi.Serving) []any {
	fields := []any{"version", version, "model", opts.model, "listen", s.Public.Addr().String()}
	if opts.sessionStore.URL != inMemory {
		fields = append(fields, "session_store", opts.sessionStore.String())
	}
	if s.Telemetry != nil {
		fields = append(fields, "telemetry_listen", s.Telemetry.Addr().String())
	}
	if opts.upstream.geminiEndpoint != "" {
		fields = append(fields, "gemini_endpoint", opts.upstream.geminiEndpoint)
	}
	if opts.upstream.openAIBaseURL != "" {
		fields = append(fields, "openai_base_url", opts.upstream.openAIBaseURL)
	}
	return fields
}
