package telemetry

import (
	"context"
	"log/slog"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// ModelCall records a model call that took elapsed and ended with err, or with an answer that cost usage.
func (r *Recorder) ModelCall(model string, elapsed time.Duration, usage assistant.Usage, err error) {
	model = r.modelLabel(model)
	r.callDuration.WithLabelValues(model).Observe(elapsed.Seconds())
	if err != nil {
		r.calls.WithLabelValues(model, metric.StatusError).Inc()
		r.Error(assistant.KindOf(err), metric.EndpointModel)
		return
	}
	r.calls.WithLabelValues(model, metric.StatusSuccess).Inc()
	r.tokens.WithLabelValues(model, metric.TokenPrompt).Add(float64(usage.PromptTokens))
	r.tokens.WithLabelValues(model, metric.TokenCompletion).Add(float64(usage.CompletionTokens))
}

func (r *Recorder) modelLabel(model string) string {
	if slices.Contains(r.models, model) {
		return model
	}
	return metric.Other
}

// Observe returns model with every call recorded and logged: lengths and tokens, never a text.
func Observe(model assistant.Model, r *Recorder, logger *slog.Logger) assistant.Model {
	return &observed{Model: model, recorder: r, logger: logger}
}

type observed struct {
	assistant.Model
	recorder *Recorder
	logger   *slog.Logger
}

func (o *observed) Generate(ctx context.Context, r assistant.Request, emit func(string) error) (assistant.Answer, error) {
	start := time.Now()
	answer, err := o.Model.Generate(ctx, r, emit)
	elapsed := time.Since(start)
	o.recorder.ModelCall(o.Name(), elapsed, answer.Usage, err)
	if err != nil {
		o.logger.LogAttrs(ctx, failureLevel(err), "AI model call failed",
			slog.String("model", o.Name()),
			slog.String("error", err.Error()),
			slog.String("error_type", string(assistant.KindOf(err))),
			slog.Int("prompt_length", utf8.RuneCountInString(r.Prompt())),
			slog.Duration("duration", elapsed))
		return answer, err
	}
	o.logger.LogAttrs(ctx, slog.LevelInfo, "AI model call successful",
		slog.String("model", o.Name()),
		slog.Int("prompt_length", utf8.RuneCountInString(r.Prompt())),
		slog.Int("response_length", utf8.RuneCountInString(answer.Text)),
		slog.Group("tokens",
			slog.Int(metric.TokenPrompt, answer.Usage.PromptTokens),
			slog.Int(metric.TokenCompletion, answer.Usage.CompletionTokens)),
		slog.Duration("duration", elapsed))
	return answer, nil
}

// failureLevel is an error, unless whoever asked went away: nobody needs to act on that.
func failureLevel(err error) slog.Level {
	if assistant.KindOf(err) == assistant.KindCancelled {
		return slog.LevelWarn
	}
	return slog.LevelError
}
