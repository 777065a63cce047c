package gemini

import (
	"context"
	"fmt"
	"math"
	"strings"

	generativeai "github.com/google/generative-ai-go/genai"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// Embedder returns an embedding model by the vendor's name, such as gemini-embedding-001.
func (c *Client) Embedder(name string) assistant.Embedder { return &embedder{c, name} }

type embedder struct {
	client *Client
	name   string
}

// Name returns the configured name.
func (e *embedder) Name() string { return e.name }

// Embed returns a vector for each text. Gemini does not say what they cost: the tokens are counted in a second request,
// which is free, and estimated if that fails.
func (e *embedder) Embed(ctx context.Context, r assistant.EmbeddingRequest) (assistant.Embeddings, error) {
	ctx, call := e.client.upstream.Begin(ctx, e.name)
	defer call.End()
	model := e.client.models.EmbeddingModel(e.name)
	batch := model.NewBatch()
	for _, text := range r.Texts {
		batch.AddContent(generativeai.Text(text))
	}
	reply, err := model.BatchEmbedContents(ctx, batch)
	if err != nil {
		return assistant.Embeddings{}, callError(ctx, call, err)
	}
	if len(reply.Embeddings) != len(r.Texts) {
		return assistant.Embeddings{}, assistant.NewError(assistant.KindUnknown, "there is not one vector for each text")
	}
	out := assistant.Embeddings{Usage: e.count(ctx, r.Texts)}
	for _, embedding := range reply.Embeddings {
		vector, err := shorten(embedding.Values, r.Dimensions)
		if err != nil {
			return assistant.Embeddings{Usage: out.Usage}, err
		}
		out.Vectors = append(out.Vectors, vector)
	}
	return out, nil
}

// shorten returns the first dimensions of a vector, at length 1. The library cannot ask for fewer, but Gemini's models are
// trained so that the first ones are a vector of their own
// (https://ai.google.dev/gemini-api/docs/embeddings#control-embedding-size).
func shorten(vector []float32, dimensions *int) ([]float32, error) {
	switch {
	case dimensions == nil || *dimensions == len(vector):
		return vector, nil
	case *dimensions < 1 || *dimensions > len(vector):
		return nil, assistant.NewError(assistant.KindInvalid, fmt.Sprintf("the model's vectors have %d dimensions", len(vector)))
	}
	vector = vector[:*dimensions]
	var sum float64
	for _, v := range vector {
		sum += float64(v) * float64(v)
	}
	if sum == 0 {
		return vector, nil
	}
	out := make([]float32, len(vector))
	for i, v := range vector {
		out[i] = float32(float64(v) / math.Sqrt(sum))
	}
	return out, nil
}

func (e *embedder) count(ctx context.Context, texts []string) assistant.Usage {
	ctx, call := e.client.upstream.Begin(ctx, "")
	defer call.End()
	counted, err := e.client.models.GenerativeModel(e.name).CountTokens(ctx, generativeai.Text(strings.Join(texts, "\n")))
	if err != nil {
		return assistant.EstimateTexts(texts)
	}
	return assistant.Usage{PromptTokens: int(counted.TotalTokens), Source: assistant.UsageReported}
}
