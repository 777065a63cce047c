// Package gemini answers conversations with Google's Gemini API. Conversations go through google.golang.org/genai; what is
// known of models, counting tokens and embeddings through generative-ai-go. Only this package knows the vendor.
package gemini

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	generativeai "github.com/google/generative-ai-go/genai"
	"google.golang.org/api/option"
	"google.golang.org/genai"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// Config configures a Client.
type Config struct {
	// APIKey is sent with every call, in a header, and never appears in an error.
	APIKey string
	// CurrentKey returns the key of a call, so that it can be rotated while the process runs; optional: APIKey by default.
	CurrentKey func() string
	// Endpoint is the base URL of another server that speaks Gemini's protocol; empty for Gemini itself.
	Endpoint string
	// Silence is how long Gemini may send nothing, before its answer and within it.
	Silence time.Duration
	// OnAttempt is called for every HTTP request of a call, including retries, with its status, or 0 if it got no response.
	// It runs in the goroutine and with the context of the call, and may be nil.
	OnAttempt func(ctx context.Context, model string, status int)
}

func (c Config) validate() error {
	switch {
	case c.APIKey == "":
		return errors.New("no API key")
	case !ValidKey(c.APIKey):
		return errors.New("the API key holds a character that no key has, such as a space or a line break")
	case c.Silence <= 0:
		return fmt.Errorf("the limit on silence %v is not positive", c.Silence)
	}
	if err := upstream.CheckURL(c.Endpoint); err != nil {
		return fmt.Errorf("the endpoint: %w", err)
	}
	return nil
}

// ValidKey reports whether a text can be an API key.
func ValidKey(key string) bool {
	return key != "" && !strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' })
}

// Client makes calls to Gemini.
type Client struct {
	upstream *upstream.Client
	chats    *genai.Client
	models   *generativeai.Client
}

// New returns a client. It does not connect yet, and fails only on an invalid configuration. Close it after use.
func New(ctx context.Context, c Config) (*Client, error) {
	if err := c.validate(); err != nil {
		return nil, fmt.Errorf("creating the Gemini client: %w", err)
	}
	if c.CurrentKey == nil {
		c.CurrentKey = func() string { return c.APIKey }
	}
	endpoint := strings.TrimSuffix(c.Endpoint, "/")
	up := upstream.New(upstream.Config{
		Authorize: func(h http.Header) { h.Set("X-Goog-Api-Key", c.CurrentKey()) },
		Silence:   c.Silence,
		OnAttempt: c.OnAttempt,
		Body: func(call *upstream.Call, body io.ReadCloser) io.ReadCloser {
			if strings.HasSuffix(call.Path, ":streamGenerateContent") {
				return newEvents(call, body)
			}
			return body
		},
	})
	chats, err := genai.NewClient(ctx, &genai.ClientConfig{
		APIKey: c.APIKey, Backend: genai.BackendGeminiAPI, HTTPClient: up.HTTP(), HTTPOptions: genai.HTTPOptions{BaseURL: endpoint},
	})
	if err != nil {
		return nil, errors.New("creating the Gemini client failed") // the library's error repeats the key
	}
	// WithAPIKey satisfies the library's check and its unused gRPC client; the key that is sent is the transport's.
	options := []option.ClientOption{option.WithAPIKey(c.APIKey), option.WithHTTPClient(up.HTTP())}
	if endpoint != "" {
		options = append(options, option.WithEndpoint(endpoint))
	}
	models, err := generativeai.NewClient(ctx, options...)
	if err != nil {
		return nil, errors.New("creating the Gemini client for models failed")
	}
	return &Client{upstream: up, chats: chats, models: models}, nil
}

// Close releases the client's connections. Four goroutines remain: generative-ai-go starts a gRPC client that cannot be
// closed. So a process should make one Client, not many.
func (c *Client) Close() error {
	defer c.upstream.Close()
	if err := c.models.Close(); err != nil {
		return fmt.Errorf("closing the Gemini client: %w", err)
	}
	return nil
}

// Model returns a model by the vendor's name, such as gemini-flash-latest.
func (c *Client) Model(name string) assistant.Model { return &model{c, name} }

// model is an assistant.Model.
type model struct {
	client *Client
	name   string
}

// Name returns the configured name.
func (m *model) Name() string { return m.name }

// Generate returns the complete answer to r. Its error is an *assistant.Error, with what is known of the answer. Every
// call is a stream: so text arrives early, and silence can be told from thinking.
func (m *model) Generate(ctx context.Context, r assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
	contents, config, err := toGemini(m.name, r)
	if err != nil {
		return assistant.Answer{}, &assistant.Error{Kind: assistant.KindInvalid, Err: err}
	}
	ctx, call := m.client.upstream.Begin(ctx, m.name)
	defer call.End()
	a := answer{emit: emit}
	var failed error
	for chunk, err := range m.client.chats.Models.GenerateContentStream(ctx, m.name, contents, config) {
		if err == nil {
			err = a.add(chunk)
		}
		if err != nil {
			failed = err
			break
		}
	}
	if err := a.failure(ctx, call, failed); err != nil {
		return a.Answer, err
	}
	return a.Answer, nil
}
