package telemetry

import (
	"context"
	"log/slog"
	"time"
	"unicode/utf8"

	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// InstrumentEmbedder returns a model of embeddings whose calls are recorded, traced and logged like any model's. The usage
// in its answers has a source.
func InstrumentEmbedder(embedder assistant.Embedder, r *Recorder, logger *slog.Logger) assistant.Embedder {
	return &instrumentedEmbedder{embedder, r, logger, provider{
		providerOf(embedder).name, semconv.GenAIOperationNameEmbeddings.Value.AsString(),
	}}
}

type instrumentedEmbedder struct {
	assistant.Embedder
	recorder *Recorder
	logger   *slog.Logger
	provider provider
}

func (m *instrumentedEmbedder) Embed(
	ctx context.Context, r assistant.EmbeddingRequest,
) (embeddings assistant.Embeddings, err error) {
	call := Call{Model: m.Name(), provider: m.provider}
	ctx = m.recorder.track(ctx, &call, func(ctx context.Context, _ time.Time) {
		embeddings, err = m.Embedder.Embed(ctx, r)
		switch {
		case embeddings.Usage.Source != "":
		case err == nil:
			embeddings.Usage = assistant.EstimateTexts(r.Texts)
		default:
			embeddings.Usage.Source = assistant.UsageUnknown
		}
		call.Usage, call.Err = embeddings.Usage, err
	})
	length := 0
	for _, text := range r.Texts {
		length += utf8.RuneCountInString(text)
	}
	logCall(ctx, m.logger, call, length, 0)
	return embeddings, err
}
