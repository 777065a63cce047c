package server

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// stream writes the pieces of an answer in the form asked for, each as soon as there is one. Its errors are the
// client's going away.
type stream struct {
	w                      http.ResponseWriter
	before, between, after string // of the pieces
	end                    string // of each piece
	numbers                bool   // for enums
}

func newStream(w http.ResponseWriter, how form, numbers bool) *stream {
	s := &stream{w: w, numbers: numbers}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	switch how {
	case formArray:
		s.before, s.between, s.after = "[", ",\r\n", "]"
	case formSSE:
		s.before, s.between, s.end = "data: ", "data: ", "\r\n\r\n"
		w.Header().Set("Content-Type", "text/event-stream")
	}
	return s
}

func (s *stream) send(piece generateResponse) error { return s.sendJSON(piece) }

// enumNumbers are those of the finish and block reasons that scenes use (generative_service.proto).
var enumNumbers = strings.NewReplacer(`"finishReason":"STOP"`, `"finishReason":1`, `"finishReason":"MAX_TOKENS"`, `"finishReason":2`,
	`"finishReason":"SAFETY"`, `"finishReason":3`, `"blockReason":"SAFETY"`, `"blockReason":1`)

func (s *stream) sendJSON(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	body := string(data)
	if s.numbers {
		body = enumNumbers.Replace(body)
	}
	if _, err := io.WriteString(s.w, s.before+body+s.end); err != nil {
		return err
	}
	s.before = s.between
	return http.NewResponseController(s.w).Flush()
}

// close ends the answer as it should; cut ends it in the middle, though not the connection.
func (s *stream) close() { _, _ = io.WriteString(s.w, s.after) }
func (s *stream) cut()   { _, _ = io.WriteString(s.w, s.before) }
