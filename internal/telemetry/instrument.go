package telemetry

import (
	"context"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// Instrument returns a model whose calls are recorded and logged: lengths and tokens, never a text. The usage in its
// answers has a source.
func Instrument(model assistant.Model, r *Recorder, logger *slog.Logger) assistant.Model {
	return &instrumentedModel{Model: model, recorder: r, logger: logger}
}

type instrumentedModel struct {
	assistant.Model
	recorder *Recorder
	logger   *slog.Logger
}

func (m *instrumentedModel) Generate(ctx context.Context, r assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
	inFlight := m.recorder.model.inFlight.WithLabelValues(m.recorder.modelLabel(m.Name()))
	inFlight.Inc()
	defer inFlight.Dec() // also if the model panics

	call := Call{Model: m.Name()}
	start := time.Now()
	answer, err := m.Model.Generate(ctx, r, call.timeFirstToken(start, emit))
	call.Elapsed = time.Since(start)
	answer.Usage = assistant.SettleUsage(r, answer)
	call.Finish, call.Usage, call.Err = answer.Finish, answer.Usage, err
	m.recorder.ModelCall(ctx, call)
	m.log(ctx, r, answer, call)
	return answer, err
}

// timeFirstToken returns an emit function that records when text arrives, and passes it on to emit unless nil.
func (c *Call) timeFirstToken(start time.Time, emit func(assistant.Delta) error) func(assistant.Delta) error {
	return func(d assistant.Delta) error {
		c.LastText = time.Since(start)
		if c.Parts == 0 {
			c.FirstText = c.LastText
		}
		c.Parts++
		if emit == nil {
			return nil
		}
		return emit(d)
	}
}

func (m *instrumentedModel) log(ctx context.Context, r assistant.Request, answer assistant.Answer, c Call) {
	event := logs.Call{
		Model: c.Model, PromptLength: utf8.RuneCountInString(r.Prompt()), ResponseLength: utf8.RuneCountInString(answer.Text),
		PromptTokens: c.Usage.PromptTokens, CompletionTokens: c.Usage.CompletionTokens, UsageSource: string(c.Usage.Source),
		Duration: c.Elapsed,
	}
	level := slog.LevelInfo
	if c.Err != nil {
		kind := assistant.KindOf(c.Err)
		event.ErrorType, event.Error = string(kind), c.Err.Error()
		level = slog.LevelError
		if kind == assistant.KindCancelled { // the client left: nobody needs to act on that
			level = slog.LevelWarn
		}
	}
	event.Log(ctx, m.logger, level)
}
