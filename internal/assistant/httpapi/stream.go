package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// stream is an answer as server-sent events.
type stream struct {
	w         http.ResponseWriter
	out       *http.ResponseController
	template  completionChunk // what all chunks have in common
	withUsage bool
	started   bool
}

// sendPart sends a part of the answer. Its error means that the client disconnected.
func (s *stream) sendPart(d assistant.Delta) error { return s.sendText(d.Text) }

func (s *stream) sendText(text string) error {
	if err := s.start(); err != nil {
		return err
	}
	return s.sendDelta(chunkDelta{Content: &text}, nil)
}

// start sends the header and the first chunk, which holds the role.
func (s *stream) start() error {
	if s.started {
		return nil
	}
	s.started = true
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would buffer the events
	return s.sendDelta(chunkDelta{Role: "assistant", Content: new(string)}, nil)
}

// finish sends the finish reason and, if requested, the usage.
func (s *stream) finish(answer assistant.Answer) error {
	if !s.started && answer.Text != "" { // the model does not stream
		if err := s.sendText(answer.Text); err != nil {
			return err
		}
	}
	if err := s.start(); err != nil {
		return err
	}
	reason := finishReason(answer.Finish)
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

func (s *stream) sendDelta(d chunkDelta, reason *string) error {
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

// sendEvent sends one event at once. Each event has the deadline of a short answer: a stream may last, but not stall.
func (s *stream) sendEvent(data []byte) error {
	if err := s.out.SetWriteDeadline(time.Now().Add(writeMargin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return clientGone(err)
	}
	if _, err := s.w.Write(bytes.Join([][]byte{[]byte("data: "), data, []byte("\n\n")}, nil)); err != nil {
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
