package gemini

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"

	"github.com/google/generative-ai-go/genai"
	"google.golang.org/api/iterator"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

var (
	errNoPrompt      = errors.New("the conversation does not end in a user's message")
	errNoAnswer      = errors.New("the answer holds no text")
	errBrokenOff     = errors.New("the answer broke off before its end")
	errCallerStopped = errors.New("the caller stopped reading the answer")
)

// Generate returns the complete answer to r. Its error is an *assistant.Error, with what is known of the answer.
//
// The library can send a history only as a chat, and a chat only as a stream, so every call is a stream. The library does
// not retry streams, though its documentation says so.
func (m *Model) Generate(ctx context.Context, r assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, m.config.Timeout)
	defer cancel() // also closes a response body that the library leaves open after a blocked answer
	ctx, end := withTail(ctx)

	answer, err := m.generate(ctx, r, emit)
	if err == nil {
		return answer, nil
	}
	var blocked *genai.BlockedError
	if errors.As(err, &blocked) {
		if blocked.Candidate != nil {
			answer.Finish = assistant.FinishBlocked
		}
		if u, ok := end.usage(); ok {
			answer.Usage = u
		}
	}
	return answer, m.toModelError(ctx, err)
}

func (m *Model) generate(ctx context.Context, r assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
	n := len(r.Messages) - 1
	if n < 0 || r.Messages[n].Role != assistant.RoleUser {
		return assistant.Answer{}, errNoPrompt
	}
	model := m.client.GenerativeModel(m.config.Model)
	configure(model, r)
	chat := model.StartChat()
	for _, msg := range r.Messages[:n] {
		chat.History = append(chat.History, &genai.Content{Role: string(msg.Role), Parts: []genai.Part{genai.Text(msg.Text())}})
	}
	return collect(chat.SendMessageStream(ctx, genai.Text(r.Messages[n].Text())), emit)
}

// configure sets the system instruction and the options.
func configure(model *genai.GenerativeModel, r assistant.Request) {
	if r.System != "" {
		model.SystemInstruction = genai.NewUserContent(genai.Text(r.System))
	}
	o := r.Options
	if o.MaxTokens != nil {
		model.SetMaxOutputTokens(int32(max(math.MinInt32, min(*o.MaxTokens, math.MaxInt32))))
	}
	if o.Temperature != nil {
		model.SetTemperature(float32(*o.Temperature))
	}
	if o.TopP != nil {
		model.SetTopP(float32(*o.TopP))
	}
	model.StopSequences = o.Stop
}

// collect reads a stream to its end. The library reports a stream that broke off as complete, and keeps the first chunk's
// usage. Only the last chunk is right: it has the finish reason, and its usage is cumulative.
func collect(stream *genai.GenerateContentResponseIterator, emit func(assistant.Delta) error) (assistant.Answer, error) {
	var (
		answer  assistant.Answer
		text    strings.Builder
		started bool
		finish  = genai.FinishReasonUnspecified
	)
	for {
		chunk, err := stream.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			answer.Text = text.String()
			return answer, markBrokenOff(err, started)
		}
		started = true
		if u, ok := countsOf(chunk.UsageMetadata).usage(); ok {
			answer.Usage = u
		}
		if len(chunk.Candidates) == 0 {
			continue
		}
		if f := chunk.Candidates[0].FinishReason; f != genai.FinishReasonUnspecified {
			finish, answer.Finish = f, finishOf(f)
		}
		part := textOf(chunk.Candidates[0].Content)
		text.WriteString(part)
		if emit == nil || part == "" {
			continue
		}
		if err := emit(assistant.Delta{Text: part}); err != nil {
			answer.Text = text.String()
			return answer, fmt.Errorf("%w: %w", errCallerStopped, err)
		}
	}
	answer.Text = text.String()
	return answer, answerError(answer, finish)
}

// markBrokenOff marks the error of a connection that broke within an answer, not before it.
func markBrokenOff(err error, started bool) error {
	var network net.Error
	if started && errors.As(err, &network) {
		return fmt.Errorf("%w: %w", errBrokenOff, err)
	}
	return err
}

// answerError returns the error of a complete stream without a usable answer.
func answerError(answer assistant.Answer, finish genai.FinishReason) error {
	switch {
	case answer.Finish == assistant.FinishBlocked:
		return &genai.BlockedError{Candidate: &genai.Candidate{FinishReason: finish}}
	case answer.Finish == "":
		return errBrokenOff
	case answer.Text == "":
		return errNoAnswer
	}
	return nil
}

func textOf(c *genai.Content) string {
	if c == nil {
		return ""
	}
	var b strings.Builder
	for _, p := range c.Parts {
		if t, ok := p.(genai.Text); ok {
			b.WriteString(string(t))
		}
	}
	return b.String()
}

// finishOf returns a finish reason. The library turns SAFETY and RECITATION into errors itself, but is older than
// LANGUAGE, BLOCKLIST, PROHIBITED_CONTENT and SPII, 6 to 9.
func finishOf(f genai.FinishReason) assistant.Finish {
	switch {
	case f == genai.FinishReasonStop:
		return assistant.FinishStop
	case f == genai.FinishReasonMaxTokens:
		return assistant.FinishLength
	case f == genai.FinishReasonSafety, f == genai.FinishReasonRecitation, f >= 6 && f <= 9:
		return assistant.FinishBlocked
	default:
		return assistant.FinishOther
	}
}
