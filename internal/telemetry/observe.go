package telemetry

import (
	"context"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// Observe returns model with every call recorded and logged: lengths and tokens, never a text. The usage in its answers
// has a source.
func Observe(model assistant.Model, r *Recorder, logger *slog.Logger) assistant.Model {
	return &observed{Model: model, recorder: r, logger: logger}
}

type observed struct {
	assistant.Model
	recorder *Recorder
	logger   *slog.Logger
}

func (o *observed) Generate(ctx context.Context, r assistant.Request, emit func(string) error) (assistant.Answer, error) {
	inFlight := o.recorder.model.inFlight.WithLabelValues(o.recorder.modelLabel(o.Name()))
	inFlight.Inc()
	defer inFlight.Dec() // also if the model panics

	call := Call{Model: o.Name()}
	start := time.Now()
	answer, err := o.Model.Generate(ctx, r, call.hear(start, emit))
	call.Elapsed = time.Since(start)
	answer.Usage = assistant.Account(r, answer)
	call.Finish, call.Usage, call.Err = answer.Finish, answer.Usage, err
	o.recorder.ModelCall(ctx, call)
	o.log(ctx, r, answer, call)
	return answer, err
}

// hear notes when text comes, and passes it on to emit if there is one.
func (c *Call) hear(start time.Time, emit func(string) error) func(string) error {
	return func(text string) error {
		c.Last = time.Since(start)
		if c.Parts == 0 {
			c.First = c.Last
		}
		c.Parts++
		if emit == nil {
			return nil
		}
		return emit(text)
	}
}

func (o *observed) log(ctx context.Context, r assistant.Request, answer assistant.Answer, c Call) {
	attrs := []slog.Attr{
		slog.String("model", c.Model),
		slog.Int("prompt_length", utf8.RuneCountInString(r.Prompt())),
		slog.Int("response_length", utf8.RuneCountInString(answer.Text)),
		slog.Group("tokens",
			slog.Int(metric.TokenPrompt, c.Usage.PromptTokens),
			slog.Int(metric.TokenCompletion, c.Usage.CompletionTokens)),
		slog.String("usage_source", string(c.Usage.Source)),
		slog.Duration("duration", c.Elapsed),
	}
	if c.Err == nil {
		o.logger.LogAttrs(ctx, slog.LevelInfo, "AI model call successful", attrs...)
		return
	}
	attrs = append(attrs,
		slog.String("error", c.Err.Error()),
		slog.String("error_type", string(assistant.KindOf(c.Err))))
	o.logger.LogAttrs(ctx, failureLevel(c.Err), "AI model call failed", attrs...)
}

// failureLevel is an error, unless whoever asked went away: nobody needs to act on that.
func failureLevel(err error) slog.Level {
	if assistant.KindOf(err) == assistant.KindCancelled {
		return slog.LevelWarn
	}
	return slog.LevelError
}
