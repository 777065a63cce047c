package gemini

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/google/generative-ai-go/genai"
	"google.golang.org/api/iterator"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

var (
	errNoPrompt  = errors.New("the conversation does not end in a user's message")
	errNoAnswer  = errors.New("the answer holds no text")
	errBrokenOff = errors.New("the answer broke off before its end")
	errNotWanted = errors.New("whoever asked takes no more of the answer")
)

// Generate returns the complete answer to r. It makes one attempt. Its error is an *assistant.Error.
//
// The library can send a history only as a chat, and a chat only as a stream, so every call is a stream.
func (m *Model) Generate(ctx context.Context, r assistant.Request, emit func(string) error) (assistant.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, m.config.Timeout)
	defer cancel() // also closes a response body that the library leaves open behind a blocked answer

	answer, err := m.generate(ctx, r, emit)
	if err != nil {
		return answer, m.explain(ctx, err)
	}
	return answer, nil
}

func (m *Model) generate(ctx context.Context, r assistant.Request, emit func(string) error) (assistant.Answer, error) {
	n := len(r.Messages) - 1
	if n < 0 || r.Messages[n].Role != assistant.RoleUser {
		return assistant.Answer{}, errNoPrompt
	}
	model := m.client.GenerativeModel(m.config.Model)
	configure(model, r)
	chat := model.StartChat()
	for _, msg := range r.Messages[:n] {
		chat.History = append(chat.History, &genai.Content{Role: string(msg.Role), Parts: []genai.Part{genai.Text(msg.Text)}})
	}
	return collect(chat.SendMessageStream(ctx, genai.Text(r.Messages[n].Text)), emit)
}

// configure sets what the request asks for beside its messages.
func configure(model *genai.GenerativeModel, r assistant.Request) {
	if r.System != "" {
		model.SystemInstruction = genai.NewUserContent(genai.Text(r.System))
	}
	o := r.Options
	if o.MaxTokens != nil {
		model.SetMaxOutputTokens(int32(min(*o.MaxTokens, math.MaxInt32)))
	}
	if o.Temperature != nil {
		model.SetTemperature(float32(*o.Temperature))
	}
	if o.TopP != nil {
		model.SetTopP(float32(*o.TopP))
	}
	model.StopSequences = o.Stop
}

// collect reads a stream to its end. The library reports a stream that was cut off as if it were complete, and keeps
// the first chunk's usage; what tells the truth is the last chunk: its finish reason, and its usage, which is
// cumulative. Beside an error stands the answer as far as it came.
func collect(stream *genai.GenerateContentResponseIterator, emit func(string) error) (assistant.Answer, error) {
	var answer assistant.Answer
	finish := genai.FinishReasonUnspecified
	for {
		chunk, err := stream.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return answer, err
		}
		if u := chunk.UsageMetadata; u != nil {
			answer.Usage = assistant.Usage{
				PromptTokens: int(u.PromptTokenCount), CompletionTokens: int(u.CandidatesTokenCount),
				CachedTokens: int(u.CachedContentTokenCount), Source: assistant.UsageReported,
			}
		}
		if len(chunk.Candidates) == 0 {
			continue
		}
		candidate := chunk.Candidates[0]
		if candidate.FinishReason != genai.FinishReasonUnspecified {
			finish = candidate.FinishReason
		}
		text := textOf(candidate.Content)
		answer.Text += text
		if emit != nil && text != "" {
			if err := emit(text); err != nil {
				return answer, fmt.Errorf("%w: %w", errNotWanted, err)
			}
		}
	}
	answer.Finish = finishOf(finish)
	switch {
	case answer.Finish == assistant.FinishBlocked:
		return answer, &genai.BlockedError{Candidate: &genai.Candidate{FinishReason: finish}}
	case finish == genai.FinishReasonUnspecified:
		return answer, errBrokenOff
	case answer.Text == "":
		return answer, errNoAnswer
	}
	return answer, nil
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

// finishOf names a finish reason. The library turns SAFETY and RECITATION into an error by itself, but is older than
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
