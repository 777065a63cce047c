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

// text sends a part of the answer. Its error is the client's going away.
func (s *stream) sendText(text string) error {
	if err := s.start(); err != nil {
		return err
	}
	return s.sendDelta(chunkDelta{Content: &text}, nil)
}

// begin sends the header and the first chunk, which says who speaks.
func (s *stream) start() error {
	if s.started {
		return nil
	}
	s.started = true
	h := s.w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("Cache-Control", "no-cache")
	h.Set("X-Accel-Buffering", "no") // nginx would hold the events back
	return s.sendDelta(chunkDelta{Role: "assistant", Content: new(string)}, nil)
}

// end sends why the answer ended and, if asked for, what it cost.
func (s *stream) finish(answer assistant.Answer) error {
	if !s.started && answer.Text != "" { // the model did not send it in parts
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

// event sends one event at once. A client has as long for each as for the whole of a short answer: a stream may last,
// but not stand still.
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

// gone is the error of a client that takes no more of its answer.
func clientGone(err error) error {
	return &assistant.Error{Kind: assistant.KindCancelled, Err: fmt.Errorf("sending the answer: %w", err)}
}
