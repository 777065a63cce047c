// Package gemini answers conversations with Google's Gemini API, through the generative-ai-go client. It is the
// assistant's sole outbound client, and the only package that knows the vendor.
package gemini

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/google/generative-ai-go/genai"
	"google.golang.org/api/option"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// Config is what a Model is made of.
type Config struct {
	// Model is the vendor's name of the model, such as gemini-2.0-flash-exp.
	Model string
	// APIKey is sent with every call, in a header, and never appears in an error.
	APIKey string
	// CurrentKey is asked for the key of every call, so that it can be replaced while the process runs; optional: without
	// it, it is always APIKey. It must not fail.
	CurrentKey func() string
	// Endpoint is the base URL of another server that speaks Gemini's protocol; empty for Gemini itself.
	Endpoint string
	// Timeout bounds a call from the first byte sent to the last byte received.
	Timeout time.Duration
	// Attempted is told of every HTTP request, a retry's included, as soon as it has a status or, as 0, an error instead
	// of one. It is called in the goroutine and with the context of the call, and may be nil.
	OnAttempt func(ctx context.Context, status int)
}

func (c Config) validate() error {
	switch {
	case c.Model == "":
		return errors.New("no model name")
	case c.APIKey == "":
		return errors.New("no API key")
	case !ValidKey(c.APIKey):
		return errors.New("the API key holds a character that no key has, such as a space or a line break")
	case c.Timeout <= 0:
		return fmt.Errorf("timeout %v is not positive", c.Timeout)
	}
	return CheckEndpoint(c.Endpoint)
}

// ValidKey reports whether a text can be an API key at all.
func ValidKey(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
}

// CheckEndpoint reports why a URL cannot be a Config's Endpoint.
func CheckEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return errors.New("endpoint is not a URL") // the parser's own words would repeat a password in it
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return errors.New("endpoint is not an absolute http or https URL, such as http://127.0.0.1:9000")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return errors.New("endpoint must be a plain URL, without user, query or fragment")
	}
	return nil
}

// Model is an assistant.Model.
type Model struct {
	config Config
	http   *http.Client
	client *genai.Client
}

var _ assistant.Model = (*Model)(nil)

// New returns a model. It connects to nothing yet, and fails only on a bad configuration. Close it after use.
func New(ctx context.Context, c Config) (*Model, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("gemini: %w", err)
	}
	// The key is given twice: WithAPIKey satisfies the library's check and its unused gRPC client, but is not applied
	// to an HTTP client of one's own, which is what keeps the key out of URLs.
	if c.CurrentKey == nil {
		c.CurrentKey = func() string { return c.APIKey }
	}
	httpClient := newHTTPClient(c.CurrentKey, c.OnAttempt)
	opts := []option.ClientOption{option.WithAPIKey(c.APIKey), option.WithHTTPClient(httpClient)}
	if c.Endpoint != "" {
		opts = append(opts, option.WithEndpoint(strings.TrimSuffix(c.Endpoint, "/")))
	}
	client, err := genai.NewClient(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("gemini: creating the client: %s", redact(err.Error(), c.APIKey))
	}
	return &Model{config: c, http: httpClient, client: client}, nil
}

// Name is the configured model.
func (m *Model) Name() string { return m.config.Model }

// Close releases the client's connections, which the library leaves open. Four goroutines remain: the library begins a
// gRPC client that it never uses and gives nobody the means to close. So a process should make one Model, not many.
func (m *Model) Close() error {
	defer m.http.CloseIdleConnections()
	if err := m.client.Close(); err != nil {
		return fmt.Errorf("gemini: closing the client: %w", err)
	}
	return nil
}
