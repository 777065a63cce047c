package openai

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/openai/openai-go/v3"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// answer is what has come of an answer.
type answer struct {
	emit    func(assistant.Delta) error
	text    strings.Builder
	calls   toolCalls
	usage   assistant.Usage
	finish  assistant.Finish
	started bool // a choice came
}

// result returns the answer until now.
func (a *answer) result() assistant.Answer {
	return assistant.Answer{Text: a.text.String(), ToolCalls: a.calls.all(), Usage: a.usage, Finish: a.finish}
}

func (a *answer) isEmpty() bool { return a.text.Len() == 0 && len(a.calls.named) == 0 }

// add adds a chunk of a stream, or an answer that came as one object.
func (a *answer) add(data []byte) error {
	if f, ok := faultWithin(data); ok {
		return &streamError{f}
	}
	var chunk openai.ChatCompletionChunk
	if err := json.NewDecoder(bytes.NewReader(data)).Decode(&chunk); err != nil {
		return err
	}
	a.started = a.started || len(chunk.Choices) > 0
	if u, ok := usageOf(chunk.Usage); ok {
		a.usage = u
	}
	for _, choice := range chunk.Choices {
		if choice.Index != 0 {
			continue // only one was asked for
		}
		if err := a.addChoice(choice); err != nil {
			return err
		}
	}
	return nil
}

func (a *answer) addChoice(choice openai.ChatCompletionChunkChoice) error {
	delta := choice.Delta
	// The message of an object that is no chunk. Some servers repeat the whole in the last chunk.
	if whole, ok := choice.JSON.ExtraFields["message"]; ok && a.isEmpty() {
		if err := json.Unmarshal([]byte(whole.Raw()), &delta); err != nil {
			return err
		}
	}
	if err := a.addText(textOf(delta)); err != nil {
		return err
	}
	for _, part := range delta.ToolCalls {
		if err := a.addToolCall(fragmentOf(part)); err != nil {
			return err
		}
	}
	if f := delta.FunctionCall; f.Name != "" || f.Arguments != "" { //nolint:staticcheck // older servers send it
		if err := a.addToolCall(fragment{hasIndex: true, name: f.Name, arguments: f.Arguments}); err != nil {
			return err
		}
	}
	if choice.FinishReason != "" {
		a.finish = finishOf(choice.FinishReason)
	}
	return nil
}

// textOf returns the text of a delta. Thoughts are other fields or other parts, and a refusal is text.
func textOf(delta openai.ChatCompletionChunkChoiceDelta) string {
	raw := delta.JSON.Content.Raw()
	if !strings.HasPrefix(raw, "[") {
		return delta.Content + delta.Refusal
	}
	var parts []struct{ Type, Text string }
	_ = json.Unmarshal([]byte(raw), &parts) // parts of other forms are not text
	var b strings.Builder
	for _, p := range parts {
		if p.Type == "text" {
			b.WriteString(p.Text)
		}
	}
	return b.String() + delta.Refusal
}

func (a *answer) addText(text string) error {
	if text == "" {
		return nil
	}
	a.text.WriteString(text)
	return a.send(assistant.Delta{Text: text})
}

func (a *answer) addToolCall(f fragment) error {
	if d := a.calls.add(f); d != nil {
		return a.send(assistant.Delta{ToolCall: d})
	}
	return nil
}

// complete ends an answer: a stop with tool calls waits for them, and a call without arguments gets an empty object.
func (a *answer) complete() error {
	if a.finish == assistant.FinishStop && len(a.calls.named) > 0 {
		a.finish = assistant.FinishToolCalls
	}
	if a.finish == "" {
		return nil
	}
	for _, d := range a.calls.fill() {
		if err := a.send(assistant.Delta{ToolCall: &d}); err != nil {
			return err
		}
	}
	return nil
}

func (a *answer) send(d assistant.Delta) error {
	if a.emit == nil {
		return nil
	}
	if err := a.emit(d); err != nil {
		return fmt.Errorf("%w: %w", upstream.ErrCallerStopped, err)
	}
	return nil
}

// finishOf returns a finish reason.
func finishOf(reason string) assistant.Finish {
	switch reason {
	case "stop":
		return assistant.FinishStop
	case "length":
		return assistant.FinishLength
	case "content_filter":
		return assistant.FinishBlocked
	case "tool_calls", "function_call":
		return assistant.FinishToolCalls
	default:
		return assistant.FinishOther
	}
}

// usageOf reads a usage, and reports whether there is one. What is cached or thought is part of the rest; if the total
// exceeds both, the server counted its thoughts apart. Nothing here is negative.
func usageOf(u openai.CompletionUsage) (assistant.Usage, bool) {
	prompt, completion := int(max(0, u.PromptTokens)), int(max(0, u.CompletionTokens))
	thinking := int(max(0, u.CompletionTokensDetails.ReasoningTokens))
	if apart := int(u.TotalTokens) - prompt - completion; apart > 0 && apart == thinking {
		completion += thinking
	}
	if prompt+completion == 0 {
		return assistant.Usage{}, false
	}
	return assistant.Usage{
		PromptTokens: prompt, CompletionTokens: completion,
		CachedTokens:   min(int(max(0, u.PromptTokensDetails.CachedTokens)), prompt),
		ThinkingTokens: min(thinking, completion), Source: assistant.UsageReported,
	}, true
}
