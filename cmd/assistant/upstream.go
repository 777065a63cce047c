package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/gemini"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/openai"
)

// upstreamClient makes calls to the server of the models.
type upstreamClient interface {
	Model(name string) assistant.Model
	Embedder(name string) assistant.Embedder
	// Lookup asks whether the server has a model. Its error is of kind not_found only if it certainly has not.
	Lookup(ctx context.Context, name string) error
	Close() error
}

// The values of --upstream.
const (
	upstreamGemini = "gemini"
	upstreamOpenAI = "openai"
)

// upstreamOptions say which server has the models.
type upstreamOptions struct {
	name          string
	openAIBaseURL string
}

func (o *upstreamOptions) register(fs *flag.FlagSet) {
	fs.StringVar(&o.name, "upstream", upstreamGemini, "`API` of the models' server: gemini, or openai for OpenAI, vLLM, Ollama, LiteLLM and others")
	fs.StringVar(&o.openAIBaseURL, "openai-base-url", "", "base `URL` of a server that speaks OpenAI's API, such as http://vllm:8000/v1; "+
		"it may need no key (default: OpenAI itself)")
}

func (o upstreamOptions) validate() error {
	if o.name != upstreamGemini && o.name != upstreamOpenAI {
		return fmt.Errorf("--upstream %q is neither gemini nor openai", o.name)
	}
	if o.openAIBaseURL != "" && o.name != upstreamOpenAI {
		return errors.New("--openai-base-url needs --upstream=openai")
	}
	if err := openai.CheckBaseURL(o.openAIBaseURL); err != nil {
		return fmt.Errorf("--openai-base-url: %w", err)
	}
	return nil
}

// modelNames returns the names of --model, the default first.
func (o options) modelNames() []string { return strings.Split(o.model, ",") }

var (
	// geminiModelName matches the name of a model or of a tuned one; it becomes part of a URL.
	geminiModelName = regexp.MustCompile(`^(tunedModels/)?[A-Za-z0-9][A-Za-z0-9._-]*$`)
	// openAIModelName also matches those of LiteLLM, vLLM and Ollama, such as openai/gpt-4o and llama3:8b.
	openAIModelName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:@+-]*(/[A-Za-z0-9][A-Za-z0-9._:@+-]*)*$`)
)

func (o options) checkModels() error {
	pattern, example := geminiModelName, defaultGeminiModel
	if o.upstream.name == upstreamOpenAI {
		pattern, example = openAIModelName, "gpt-4o or llama3:8b"
	}
	names := o.modelNames()
	for i, name := range names {
		if !pattern.MatchString(name) {
			return fmt.Errorf("--model %q is not the name of a model, such as %s, or several with commas between them", name, example)
		}
		if slices.Contains(names[:i], name) {
			return fmt.Errorf("--model names %q twice", name)
		}
	}
	if o.upstream.name == upstreamOpenAI && o.model == defaultGeminiModel {
		return errors.New("--model must name a model of the server: the default is Gemini's")
	}
	return nil
}

// apiKey returns the key of the server; empty if it has none and needs none.
func (o options) apiKey(getenv func(string) string) (string, error) {
	if o.upstream.name == upstreamGemini {
		return apiKey(o.apiKeyFile, getenv)
	}
	return openAIKey(o.apiKeyFile, getenv, !openai.IsOpenAI(o.upstream.openAIBaseURL))
}

// openModels returns a client of the server that the options name. It must be closed.
func openModels(
	ctx context.Context, o options, key string, onAttempt func(ctx context.Context, model string, status int),
) (upstreamClient, error) {
	if o.upstream.name == upstreamOpenAI {
		client, err := openai.New(openai.Config{
			BaseURL: o.upstream.openAIBaseURL, Key: currentKey(o.apiKeyFile, key), Silence: o.geminiTimeout, OnAttempt: onAttempt,
		})
		if err != nil {
			return nil, err
		}
		return bounded{client, o.geminiTimeout}, nil
	}
	client := geminiClient{}
	current := currentKey(o.apiKeyFile, key)
	for _, name := range o.modelNames() {
		model, err := gemini.New(ctx, gemini.Config{
			Model: name, APIKey: key, CurrentKey: current, Endpoint: o.geminiEndpoint, Timeout: o.geminiTimeout,
			OnAttempt: func(ctx context.Context, status int) { onAttempt(ctx, name, status) },
		})
		if err != nil {
			return nil, errors.Join(err, client.Close())
		}
		client[name] = model
	}
	return client, nil
}

// geminiClient is an upstreamClient of Gemini's configured models by their names.
type geminiClient map[string]*gemini.Model

var errGeminiOnly = &assistant.Error{Kind: assistant.KindInvalid, Err: errors.New("the Gemini client only answers conversations")}

// Model returns a configured model.
func (c geminiClient) Model(name string) assistant.Model { return c[name] }

// Embedder returns one that refuses.
func (c geminiClient) Embedder(name string) assistant.Embedder { return noEmbedder(name) }

// Lookup cannot say whether there is a model.
func (c geminiClient) Lookup(context.Context, string) error { return errGeminiOnly }

// Close closes all models.
func (c geminiClient) Close() error {
	var errs []error
	for _, model := range c {
		errs = append(errs, model.Close())
	}
	return errors.Join(errs...)
}

// noEmbedder refuses embeddings.
type noEmbedder string

// Name returns the configured name.
func (n noEmbedder) Name() string { return string(n) }

// Embed refuses.
func (n noEmbedder) Embed(context.Context, assistant.EmbeddingRequest) (assistant.Embeddings, error) {
	return assistant.Embeddings{}, errGeminiOnly
}

// bounded ends the calls of its models after a timeout, as the HTTP server's own timeouts expect.
type bounded struct {
	upstreamClient
	timeout time.Duration
}

// Model returns a bounded model.
func (b bounded) Model(name string) assistant.Model {
	return boundedModel{b.upstreamClient.Model(name), b.timeout}
}

type boundedModel struct {
	assistant.Model
	timeout time.Duration
}

// Generate answers within the timeout.
func (m boundedModel) Generate(ctx context.Context, r assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, m.timeout)
	defer cancel()
	return m.Model.Generate(ctx, r, emit)
}
