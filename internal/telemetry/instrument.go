package telemetry

import (
	"context"
	"log/slog"
	"time"
	"unicode/utf8"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// Instrument returns a model whose calls are recorded, traced and logged: lengths and tokens, never a text. The usage in
// its answers has a source. A model that is not Gemini's has a method Provider, which returns its gen_ai.provider.name.
func Instrument(model assistant.Model, r *Recorder, logger *slog.Logger) assistant.Model {
	m := &instrumentedModel{Model: model, recorder: r, logger: logger, provider: providerOf(model)}
	r.genAI.initSeries(r.modelLabel(model.Name()), m.provider)
	m.perChunk = r.genAI.perChunkOf(r.modelLabel(model.Name()), m.provider)
	return m
}

type instrumentedModel struct {
	assistant.Model
	recorder *Recorder
	logger   *slog.Logger
	provider provider
	perChunk func(time.Duration) // nil if nobody wants it
}

func (m *instrumentedModel) Generate(
	ctx context.Context, r assistant.Request, emit func(assistant.Delta) error,
) (answer assistant.Answer, err error) {
	call := Call{Model: m.Name(), provider: m.provider}
	ctx = m.recorder.track(ctx, &call, func(ctx context.Context, start time.Time) {
		answer, err = m.Model.Generate(ctx, r, call.timeFirstToken(start, emit, m.perChunk))
		answer.Usage = assistant.SettleUsage(r, answer)
		call.Finish, call.Usage, call.Err = answer.Finish, answer.Usage, err
	})
	logCall(ctx, m.logger, call, utf8.RuneCountInString(r.Prompt()), utf8.RuneCountInString(answer.Text))
	return answer, err
}

// track counts a call as in flight while it runs, gives it a span, and records what run has told of it. It returns the
// span's context, for the log.
func (r *Recorder) track(
	ctx context.Context, call *Call, run func(ctx context.Context, start time.Time),
) context.Context {
	inFlight := r.model.inFlight.WithLabelValues(r.modelLabel(call.Model))
	inFlight.Inc()
	defer inFlight.Dec() // also if the model panics

	start := time.Now()
	ctx, span := startCallSpan(ctx, r.tracer, call.Model, call.provider)
	if span != nil {
		// Not deferred itself: there End would find a panic, and record what it says.
		defer func() { span.End() }()
	}
	run(ctx, start)
	call.Elapsed = time.Since(start)
	describeCall(span, *call)
	r.ModelCall(ctx, *call)
	return ctx
}

// timeFirstToken returns an emit function that records when text arrives, and passes it on to emit unless nil. It calls
// perChunk, unless nil, with the time since the text before.
func (c *Call) timeFirstToken(start time.Time, emit func(assistant.Delta) error, perChunk func(time.Duration)) func(assistant.Delta) error {
	return func(d assistant.Delta) error {
		before := c.LastText
		c.LastText = time.Since(start)
		switch {
		case c.Parts == 0:
			c.FirstText = c.LastText
		case perChunk != nil:
			perChunk(c.LastText - before)
		}
		c.Parts++
		if emit == nil {
			return nil
		}
		return emit(d)
	}
}

// logCall logs a call that has ended. The lengths of its texts are in characters.
func logCall(ctx context.Context, logger *slog.Logger, c Call, promptLength, responseLength int) {
	event := logs.Call{
		Model: c.Model, PromptLength: promptLength, ResponseLength: responseLength,
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
	event.Log(ctx, logger, level)
}
