// Package openai answers conversations with servers that speak OpenAI's API, such as vLLM, Ollama, LiteLLM and OpenAI
// itself, through the openai-go client. Only this package knows that API as a client.
package openai

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// DefaultBaseURL is OpenAI's own.
const DefaultBaseURL = "https://api.openai.com/v1"

// Config configures a Client.
type Config struct {
	// BaseURL is that of the server, such as http://vllm:8000/v1; empty for OpenAI itself.
	BaseURL string
	// Key returns the key of a call. Without one, nil or empty, a call has no Authorization header.
	Key func() string
	// Silence is how long the server may send nothing, before its answer and within it.
	Silence time.Duration
	// OnAttempt is called for every HTTP request of a call with its status, or 0 if it got no response. It runs in the
	// goroutine and with the context of the call, and may be nil.
	OnAttempt func(ctx context.Context, model string, status int)
}

// IsOpenAI reports whether a base URL is OpenAI's, in any region, or Azure's.
func IsOpenAI(base string) bool {
	if base == "" {
		return true
	}
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	host := strings.ToLower(u.Hostname())
	return host == "api.openai.com" || strings.HasSuffix(host, ".api.openai.com") || strings.HasSuffix(host, ".openai.azure.com")
}

// Client makes calls to one server.
type Client struct {
	upstream *upstream.Client
	api      openai.Client
	key      func() string
	isOpenAI bool
}

// New returns a client. It does not connect yet, and fails only on an invalid configuration. Close it after use.
func New(c Config) (*Client, error) {
	err := upstream.CheckURL(c.BaseURL)
	if err == nil && c.Silence <= 0 {
		err = fmt.Errorf("the limit on silence %v is not positive", c.Silence)
	}
	if err != nil {
		return nil, fmt.Errorf("creating the OpenAI client: %w", err)
	}
	if c.Key == nil {
		c.Key = func() string { return "" }
	}
	up := upstream.New(upstream.Config{
		Authorize: func(h http.Header) { authorize(h, c.Key()) }, Silence: c.Silence, OnAttempt: c.OnAttempt,
	})
	base := c.BaseURL
	if base == "" {
		base = DefaultBaseURL
	}
	// The library's constructor would read keys and addresses from the environment. Its retries would be paid twice.
	options := []option.RequestOption{
		option.WithBaseURL(strings.TrimRight(base, "/") + "/"), option.WithHTTPClient(up.HTTP()), option.WithMaxRetries(0),
	}
	api := openai.Client{
		Options: options, Embeddings: openai.NewEmbeddingService(options...), Models: openai.NewModelService(options...),
	}
	return &Client{upstream: up, api: api, key: c.Key, isOpenAI: IsOpenAI(c.BaseURL)}, nil
}

// authorize sets the key of a request, or none.
func authorize(h http.Header, key string) {
	h.Del("Authorization")
	if key != "" {
		h.Set("Authorization", "Bearer "+key)
	}
}

// Close releases the client's connections.
func (c *Client) Close() error {
	c.upstream.Close()
	return nil
}

// Model returns a model by the server's name for it.
func (c *Client) Model(name string) assistant.Model { return &model{c, name} }

// Embedder returns an embedding model by the server's name for it.
func (c *Client) Embedder(name string) assistant.Embedder { return &embedder{c, name} }
