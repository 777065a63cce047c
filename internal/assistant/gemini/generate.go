package gemini

import (
	"context"
	"errors"
	"strings"

	"github.com/google/generative-ai-go/genai"
	"google.golang.org/api/iterator"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

var (
	errNoPrompt  = errors.New("the conversation does not end in a user's message")
	errNoAnswer  = errors.New("the answer holds no text")
	errBrokenOff = errors.New("the answer broke off before its end")
)

// Generate returns the complete answer to r. It makes one attempt. Its error is an *assistant.Error.
//
// The library can send a history only as a chat, and a chat only as a stream, so the stream is read to its end here.
func (m *Model) Generate(ctx context.Context, r assistant.Request) (assistant.Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, m.config.Timeout)
	defer cancel() // also closes a response body that the library leaves open behind a blocked answer

	answer, err := m.generate(ctx, r)
	if err != nil {
		return assistant.Answer{}, m.explain(ctx, err)
	}
	return answer, nil
}

func (m *Model) generate(ctx context.Context, r assistant.Request) (assistant.Answer, error) {
	n := len(r.Messages) - 1
	if n < 0 || r.Messages[n].Role != assistant.RoleUser {
		return assistant.Answer{}, errNoPrompt
	}
	chat := m.client.GenerativeModel(m.config.Model).StartChat()
	for _, msg := range r.Messages[:n] {
		chat.History = append(chat.History, &genai.Content{Role: string(msg.Role), Parts: []genai.Part{genai.Text(msg.Text)}})
	}
	return collect(chat.SendMessageStream(ctx, genai.Text(r.Messages[n].Text)))
}

// collect reads a stream to its end. The library reports a stream that was cut off as if it were complete, and keeps
// the first chunk's usage; what tells the truth is the last chunk: its finish reason, and its usage, which is
// cumulative.
func collect(stream *genai.GenerateContentResponseIterator) (assistant.Answer, error) {
	var text strings.Builder
	var usage assistant.Usage
	finish := genai.FinishReasonUnspecified
	for {
		chunk, err := stream.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return assistant.Answer{}, err
		}
		if u := chunk.UsageMetadata; u != nil {
			usage = assistant.Usage{PromptTokens: int(u.PromptTokenCount), CompletionTokens: int(u.CandidatesTokenCount)}
		}
		if len(chunk.Candidates) == 0 {
			continue
		}
		candidate := chunk.Candidates[0]
		writeText(&text, candidate.Content)
		if candidate.FinishReason != genai.FinishReasonUnspecified {
			finish = candidate.FinishReason
		}
	}
	switch {
	case refused(finish):
		return assistant.Answer{}, &genai.BlockedError{Candidate: &genai.Candidate{FinishReason: finish}}
	case finish == genai.FinishReasonUnspecified:
		return assistant.Answer{}, errBrokenOff
	case text.Len() == 0:
		return assistant.Answer{}, errNoAnswer
	}
	return assistant.Answer{Text: text.String(), Usage: usage}, nil
}

func writeText(w *strings.Builder, c *genai.Content) {
	if c == nil {
		return
	}
	for _, p := range c.Parts {
		if t, ok := p.(genai.Text); ok {
			w.WriteString(string(t))
		}
	}
}

// refused reports whether a finish reason is the safety filter's. The library turns SAFETY and RECITATION into an
// error by itself, but is older than these: LANGUAGE, BLOCKLIST, PROHIBITED_CONTENT and SPII.
func refused(f genai.FinishReason) bool { return f >= 6 && f <= 9 }
