package openai

import (
	"context"

	"github.com/openai/openai-go/v3"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// embedder is an assistant.Embedder.
type embedder struct {
	client *Client
	name   string
}

// Name returns the configured name.
func (e *embedder) Name() string { return e.name }

// Provider returns the gen_ai.provider.name of OpenTelemetry's conventions.
func (e *embedder) Provider() string { return "openai" }

// Embed returns a vector for each text. Its error is an *assistant.Error.
func (e *embedder) Embed(ctx context.Context, r assistant.EmbeddingRequest) (assistant.Embeddings, error) {
	body := openai.EmbeddingNewParams{Model: e.name, Input: openai.EmbeddingNewParamsInputUnion{OfArrayOfStrings: r.Texts}}
	if r.Dimensions != nil {
		body.Dimensions = openai.Int(int64(*r.Dimensions))
	}
	ctx, call := e.client.upstream.Begin(ctx, e.name)
	defer call.End()
	reply, err := e.client.api.Embeddings.New(ctx, body)
	if err := e.client.callError(ctx, call, err, false); err != nil {
		return assistant.Embeddings{}, err
	}
	if reply == nil {
		return assistant.Embeddings{}, assistant.NewError(assistant.KindUnknown, "the answer cannot be read")
	}
	out := assistant.Embeddings{Usage: embeddingUsage(reply.Usage)}
	var ok bool
	if out.Vectors, ok = vectorsOf(reply.Data, len(r.Texts)); !ok {
		return assistant.Embeddings{}, assistant.NewError(assistant.KindUnknown, "there is not one vector for each text")
	}
	return out, nil
}

// vectorsOf orders n vectors by their index, and reports whether each is there once.
func vectorsOf(data []openai.Embedding, n int) ([][]float32, bool) {
	vectors := make([][]float32, n)
	for _, d := range data {
		if d.Index < 0 || d.Index >= int64(n) || vectors[d.Index] != nil || len(d.Embedding) == 0 {
			return nil, false
		}
		vector := make([]float32, len(d.Embedding))
		for i, x := range d.Embedding {
			vector[i] = float32(x)
		}
		vectors[d.Index] = vector
	}
	return vectors, len(data) == n
}

// embeddingUsage returns what an embedding consumed; some servers count only the total.
func embeddingUsage(u openai.CreateEmbeddingResponseUsage) assistant.Usage {
	n := max(0, u.PromptTokens)
	if n == 0 {
		n = max(0, u.TotalTokens)
	}
	if n == 0 {
		return assistant.Usage{}
	}
	return assistant.Usage{PromptTokens: int(n), Source: assistant.UsageReported}
}
