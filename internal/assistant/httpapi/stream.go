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
	head      completionChunk // what all chunks have in common
	withUsage bool
	begun     bool
}

// text sends a part of the answer. Its error is the client's going away.
func (s *stream) text(text string) error {
	if err := s.begin(); err != nil {
		return err
	}
	return s.delta(chunkDelta{Content: &text}, nil)
}

// begin sends the header and the first chunk, which says who speaks.
func (s *stream) begin() error {
	if s.begun {
		return nil
	}
	s.begun = true
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	return s.delta(chunkDelta{Role: "assistant", Content: new(string)}, nil)
}

// end sends why the answer ended and, if asked for, what it cost.
func (s *stream) end(answer assistant.Answer) error {
	if !s.begun && answer.Text != "" { // the model did not send it in parts
		if err := s.text(answer.Text); err != nil {
			return err
		}
	}
	if err := s.begin(); err != nil {
		return err
	}
	reason := finishReason(answer.Finish)
	if err := s.delta(chunkDelta{}, &reason); err != nil {
		return err
	}
	if s.withUsage {
		chunk := s.head
		chunk.Choices, chunk.Usage = []chunkChoice{}, usageOf(answer.Usage)
		if err := s.send(chunk); err != nil {
			return err
		}
	}
	return s.event([]byte("[DONE]"))
}

func (s *stream) delta(d chunkDelta, reason *string) error {
	chunk := s.head
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
	return s.event(data)
}

// event sends one event at once. A client has as long for each as for the whole of a short answer: a stream may last,
// but not stand still.
func (s *stream) event(data []byte) error {
	if err := s.out.SetWriteDeadline(time.Now().Add(writeMargin)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return gone(err)
	}
	if _, err := s.w.Write(bytes.Join([][]byte{[]byte("data: "), data, []byte("\n\n")}, nil)); err != nil {
		return gone(err)
	}
	if err := s.out.Flush(); err != nil {
		return gone(err)
	}
	return nil
}

// gone is the error of a client that takes no more of its answer.
func gone(err error) error {
	return &assistant.Error{Kind: assistant.KindCancelled, Err: fmt.Errorf("sending the answer: %w", err)}
}
