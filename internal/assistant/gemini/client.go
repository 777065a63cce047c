// Package gemini answers conversations with Google's Gemini API, through the generative-ai-go client. Only this package
// knows the vendor.
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

// Config configures a Model.
type Config struct {
	// Model is the vendor's name of the model, such as gemini-2.0-flash-exp.
	Model string
	// APIKey is sent with every call, in a header, and never appears in an error.
	APIKey string
	// CurrentKey returns the key of a call, so that it can be rotated while the process runs; optional: APIKey by default.
	CurrentKey func() string
	// Endpoint is the base URL of another server that speaks Gemini's protocol; empty for Gemini itself.
	Endpoint string
	// Timeout bounds a call from the first byte sent to the last byte received.
	Timeout time.Duration
	// OnAttempt is called for every HTTP request, including retries, with its status, or 0 if it got no response. It runs
	// in the goroutine and with the context of the call, and may be nil.
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

// ValidKey reports whether a text can be an API key.
func ValidKey(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
}

// CheckEndpoint validates a Config's Endpoint.
func CheckEndpoint(endpoint string) error {
	if endpoint == "" {
		return nil
	}
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		return errors.New("endpoint is not a URL") // the parser's error would repeat a password in it
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

// New returns a model. It does not connect yet, and fails only on an invalid configuration. Close it after use.
func New(ctx context.Context, c Config) (*Model, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("creating the Gemini client: %w", err)
	}
	// The key is set twice: WithAPIKey satisfies the library's check and its unused gRPC client, but does not apply to a
	// custom HTTP client, which keeps the key out of URLs.
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
		return nil, fmt.Errorf("creating the Gemini client: %s", redact(err.Error(), c.APIKey))
	}
	return &Model{config: c, http: httpClient, client: client}, nil
}

// Name returns the configured model.
func (m *Model) Name() string { return m.config.Model }

// Close releases the client's connections. Four goroutines remain: the library starts a gRPC client that cannot be
// closed. So a process should make one Model, not many.
func (m *Model) Close() error {
	defer m.http.CloseIdleConnections()
	if err := m.client.Close(); err != nil {
		return fmt.Errorf("closing the Gemini client: %w", err)
	}
	return nil
}
