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
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
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
	name           string
	geminiEndpoint string
	openAIBaseURL  string
	// silence is how long the server may send nothing.
	silence time.Duration
	// embedding is the model of embeddings; empty for the server's usual one.
	embedding string
}

func (o *upstreamOptions) register(fs *flag.FlagSet) {
	fs.StringVar(&o.name, "upstream", upstreamGemini, "`API` of the models' server: gemini, or openai for OpenAI, vLLM, Ollama, LiteLLM and others")
	fs.StringVar(&o.geminiEndpoint, "gemini-endpoint", "", "base `URL` of a stand-in (default: Gemini itself)")
	fs.StringVar(&o.openAIBaseURL, "openai-base-url", "", "base `URL` of a server that speaks OpenAI's API, such as http://vllm:8000/v1; "+
		"it may need no key (default: OpenAI itself)")
	fs.DurationVar(&o.silence, "silence-timeout", defaultSilence, "how long a model may send nothing, before its answer and within "+
		"it; an answer may last longer")
	fs.StringVar(&o.embedding, "embedding-model", "", "`name` of the model of /v1/embeddings (default: "+defaultEmbeddingModel+
		" of Gemini, none of other servers)")
}

const (
	// defaultSilence is longer than models think before they say the first word.
	defaultSilence = 2 * time.Minute
	// defaultEmbeddingModel is Gemini's (https://ai.google.dev/gemini-api/docs/embeddings).
	defaultEmbeddingModel = "gemini-embedding-001"
)

func (o upstreamOptions) validate() error {
	if o.name != upstreamGemini && o.name != upstreamOpenAI {
		return fmt.Errorf("--upstream %q is neither gemini nor openai", o.name)
	}
	if o.openAIBaseURL != "" && o.name != upstreamOpenAI {
		return errors.New("--openai-base-url needs --upstream=openai")
	}
	if o.silence <= 0 {
		return errors.New("--silence-timeout must be positive")
	}
	if err := upstream.CheckURL(o.geminiEndpoint); err != nil {
		return fmt.Errorf("--gemini-endpoint: %w", err)
	}
	if err := upstream.CheckURL(o.openAIBaseURL); err != nil {
		return fmt.Errorf("--openai-base-url: %w", err)
	}
	return nil
}

// modelNames returns the names of --model, the default first.
func (o options) modelNames() []string { return strings.Split(o.model, ",") }

// embeddingNames returns the names of the models of embeddings; none without one.
func (o options) embeddingNames() []string {
	switch {
	case o.upstream.embedding != "":
		return []string{o.upstream.embedding}
	case o.upstream.name == upstreamGemini:
		return []string{defaultEmbeddingModel}
	default:
		return nil
	}
}

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
	for _, name := range o.embeddingNames() {
		if !pattern.MatchString(name) {
			return fmt.Errorf("--embedding-model %q is not the name of a model", name)
		}
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

// openUpstream returns a client of the server that the options name. It must be closed.
func openUpstream(
	ctx context.Context, o options, key string, onAttempt func(ctx context.Context, model string, status int),
) (upstreamClient, error) {
	current := currentKey(o.apiKeyFile, key)
	if o.upstream.name == upstreamOpenAI {
		return openai.New(openai.Config{
			BaseURL: o.upstream.openAIBaseURL, Key: current, Silence: o.upstream.silence, OnAttempt: onAttempt,
		})
	}
	return gemini.New(ctx, gemini.Config{
		APIKey: key, CurrentKey: current, Endpoint: o.upstream.geminiEndpoint, Silence: o.upstream.silence, OnAttempt: onAttempt,
	})
}
