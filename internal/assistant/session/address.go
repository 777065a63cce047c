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

// Address says where Redis is and how to enter. Its URL may hold a password: only String may be shown.
type Address struct {
	// URL is redis://user:password@host:port/database, or rediss:// for TLS.
	URL string
	// PasswordFile holds the password instead of the URL; empty for none. It is read again for every connection, so that
	// a password can be changed.
	PasswordFile string
}

// errURL quotes nothing: where a URL is malformed, nobody knows which part of it is the password.
var errURL = errors.New("is not a URL such as redis://user@host:6379/0 or rediss://host; " +
	"characters of a password that a URL gives a meaning must be escaped (%2F for /)")

// Check reports what is wrong with an address. Its error holds no part of the URL.
func (a Address) Check() error {
	_, err := a.options(Timeout)
	return err
}

// String is the address without user, password and parameters, fit for a log.
func (a Address) String() string {
	u, err := url.Parse(a.URL)
	if err != nil {
		return "redis"
	}
	return (&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String()
}

// GoString keeps the password out of %#v too.
func (a Address) GoString() string { return a.String() }

// options are those of a client that gives up in time: nothing is repeated, since whoever asks goes on without, and no
// write may be done twice. timeout bounds each step; the context of an operation bounds them together.
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
	// What only a newer Redis or a vendor's offers is left alone: every connection begins with as little as can be.
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

// quiet keeps the client library's own lines, which are not of the contract's shape, out of the output: what fails
// comes back as an error, and Tolerant logs it.
type discardLogger struct{}

// Printf writes nothing.
func (discardLogger) Printf(context.Context, string, ...any) {}

func init() { redis.SetLogger(discardLogger{}) }
