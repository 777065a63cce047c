package main

import (
	"errors"
	"flag"
	"fmt"
	"log/slog"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/session"
)

// inMemory is the --session-store of a single replica.
const inMemory = "memory"

// registerSessionStore does not parse the URL: an error of the flag package would quote it, with its password.
func registerSessionStore(fs *flag.FlagSet, a *session.Address) {
	fs.StringVar(&a.URL, "session-store", inMemory, "where sessions are kept: memory, or for several replicas the `URL` of "+
		"their Redis, such as redis://user@host:6379/0, or rediss:// for TLS (SSL_CERT_FILE names your own CA); set a URL "+
		"with a password by the environment, or use a file for the password")
	fs.StringVar(&a.PasswordFile, "session-store-password-file", "", "`file` with the password of Redis (default: the URL's)")
}

func checkSessionStore(a session.Address) error {
	switch {
	case a.URL != inMemory:
		if err := a.Check(); err != nil {
			return fmt.Errorf("--session-store: %w", err)
		}
	case a.PasswordFile != "":
		return errors.New("--session-store-password-file needs a --session-store that is a URL")
	}
	return nil
}

// openSessions returns the store of opts and a function that closes it. It calls failed for every operation not served.
func openSessions(opts options, failed func(operation string), logger *slog.Logger) (assistant.Store, func() error, error) {
	limits := session.DefaultLimits(opts.sessionTTL)
	if opts.sessionStore.URL == inMemory {
		memory, err := session.NewMemory(limits)
		return memory, func() error { return nil }, err
	}
	shared, err := session.NewRedis(opts.sessionStore, limits)
	if err != nil {
		return nil, nil, err
	}
	return session.NewDegradedStore(shared, failed, logger), shared.Close, nil
}
