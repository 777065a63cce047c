package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// stream is an answer as server-sent events. While a keepAlive runs, only sendPart may be called.
type stream struct {
	w         http.ResponseWriter
	out       *http.ResponseController
	template  completionChunk // what all chunks have in common
	withUsage bool

	mu      sync.Mutex // held while anything is sent
	sent    time.Time  // when something was sent last
	started bool       // whether the header was sent
	role    bool       // whether the first chunk was sent
	text    bool       // whether any text was sent
	calls   int        // the number of tool calls that were begun
}

func newStream(w http.ResponseWriter, template completionChunk) *stream {
	return &stream{w: w, out: http.NewResponseController(w), template: template, sent: time.Now()}
}

// sendPart sends a part of the answer. Its error means that the client disconnected.
func (s *stream) sendPart(d assistant.Delta) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if d.Text != "" {
		if err := s.sendText(d.Text); err != nil {
			return err
		}
	}
	if d.ToolCall != nil {
		return s.sendToolCall(*d.ToolCall)
	}
	return nil
}

func (s *stream) sendText(text string) error {
	s.text = true
	return s.sendDelta(chunkDelta{Content: &text}, nil)
}

func (s *stream) sendToolCall(d assistant.ToolCallDelta) error {
	chunk := toolCallChunk{Index: d.Index, Function: functionChunk{Arguments: d.Arguments}}
	if d.Index >= s.calls { // its first part
		s.calls = d.Index + 1
		chunk.ID, chunk.Type, chunk.Function.Name = wireCallID(d.ID, d.Signature), functionType, d.Name
	}
	return s.sendDelta(chunkDelta{ToolCalls: []toolCallChunk{chunk}}, nil)
}

// start sends the header.
func (s *stream) start() {
	s.started = true
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would buffer the events
}

// finish sends what the model did not stream, the finish reason and, if requested, the usage.
func (s *stream) finish(answer assistant.Answer) error {
	if err := s.sendRest(answer); err != nil {
		return err
	}
	reason := finishReason(answer)
	if err := s.sendDelta(chunkDelta{}, &reason); err != nil {
		return err
	}
	if s.withUsage {
		chunk := s.template
		chunk.Choices, chunk.Usage = []chunkChoice{}, usageOf(answer.Usage)
		if err := s.send(chunk); err != nil {
			return err
		}
	}
	return s.sendEvent([]byte("[DONE]"))
}

func (s *stream) sendRest(answer assistant.Answer) error {
	if !s.text && answer.Text != "" {
		if err := s.sendText(answer.Text); err != nil {
			return err
		}
	}
	for i := s.calls; i < len(answer.ToolCalls); i++ {
		c := answer.ToolCalls[i]
		err := s.sendToolCall(assistant.ToolCallDelta{Index: i, ID: c.ID, Name: c.Name, Arguments: c.Arguments, Signature: c.Signature})
		if err != nil {
			return err
		}
	}
	return nil
}

// sendDelta sends a chunk, and before the first one another that holds the role.
func (s *stream) sendDelta(d chunkDelta, reason *string) error {
	if !s.role {
		s.role = true
		if err := s.sendDelta(chunkDelta{Role: roleAssistant, Content: new(string)}, nil); err != nil {
			return err
		}
	}
	chunk := s.template
	chunk.Choices = []chunkChoice{{Delta: d, FinishReason: reason}}
	if s.withUsage {
		chunk.Usage = json.RawMessage("null")
	}
	return s.send(chunk)
}

func (s *stream) send(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding an event: %w", err)
	}
	return s.sendEvent(data)
}

func (s *stream) sendEvent(data []byte) error {
	return s.write(bytes.Join([][]byte{[]byte("data: "), data, []byte("\n\n")}, nil))
}

// write sends bytes at once. A stream may last, but not stall: each write has a deadline of its own.
func (s *stream) write(b []byte) error {
	if !s.started {
		s.start()
	}
	s.sent = time.Now()
	if _, err := s.w.Write(b); err != nil {
		return clientGone(err)
	}
	if err := s.out.Flush(); err != nil {
		return clientGone(err)
	}
	return nil
}

// clientGone is the error of a client that disconnected.
func clientGone(err error) error {
	return &assistant.Error{Kind: assistant.KindCancelled, Err: fmt.Errorf("sending the answer: %w", err)}
}
