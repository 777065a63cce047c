package session

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Address is the address of Redis. Its URL may hold a password: only String may be shown.
type Address struct {
	// URL is redis://user:password@host:port/database, or rediss:// for TLS.
	URL string
	// PasswordFile holds the password instead of the URL; empty for none. Every connection reads it again, so that the
	// password can be rotated.
	PasswordFile string
}

// errURL quotes nothing: of a malformed URL any part may be the password.
var errURL = errors.New("is not a URL such as redis://user@host:6379/0 or rediss://host; " +
	"characters of a password that a URL gives a meaning must be escaped (%2F for /)")

// Check validates the address. Its error holds no part of the URL.
func (a Address) Check() error {
	_, err := a.options(Timeout)
	return err
}

// String returns the address without user, password and parameters: it can be logged.
func (a Address) String() string {
	u, err := url.Parse(a.URL)
	if err != nil {
		return "redis"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// GoString keeps the password out of %#v too.
func (a Address) GoString() string { return a.String() }

// options returns those of a client that gives up in time. It retries nothing, since the chat goes on without the store,
// and no write may happen twice. timeout bounds each step; the context of an operation bounds them together.
func (a Address) options(timeout time.Duration) (*redis.Options, error) {
	u, err := url.Parse(a.URL)
	if err != nil || (u.Scheme != "redis" && u.Scheme != "rediss") || u.Host == "" {
		return nil, errURL
	}
	o, err := redis.ParseURL(a.URL)
	if err != nil {
		return nil, errURL
	}
	o.ClientName = "plimsoll-assistant"
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = timeout, timeout, timeout, timeout
	o.ContextTimeoutEnabled = true
	o.MaxRetries, o.DialerRetries = -1, 1
	// Features of newer or vendor-specific servers are off, so that a connection works with any Redis.
	o.Protocol = 2
	o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	if a.PasswordFile == "" {
		return o, nil
	}
	if o.Password != "" {
		return nil, errors.New("has a password, and a file with one is named too; give one of them")
	}
	if _, err := a.password(); err != nil {
		return nil, err
	}
	user := o.Username
	o.CredentialsProviderContext = func(context.Context) (string, string, error) {
		password, err := a.password()
		return user, password, err
	}
	return o, nil
}

func (a Address) password() (string, error) {
	data, err := os.ReadFile(a.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("reading the session store's password: %w", err)
	}
	password := strings.TrimSpace(string(data))
	if password == "" {
		return "", fmt.Errorf("reading the session store's password: %s is empty", a.PasswordFile)
	}
	return password, nil
}

// discardLogger drops the client library's own log lines, which do not have our format: every failure comes back as an
// error, and DegradedStore logs it.
type discardLogger struct{}

// Printf writes nothing.
func (discardLogger) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(discardLogger{}) }
