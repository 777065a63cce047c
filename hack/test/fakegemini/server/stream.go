package server

import (
	"encoding/json"
	"io"
	"net/http"
)

// stream writes the pieces of an answer in the form asked for, each as soon as there is one. Its errors are the
// client's going away.
type stream struct {
	w                      http.ResponseWriter
	before, between, after string
}

func newStream(w http.ResponseWriter, how form) *stream {
	s := &stream{w: w}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	switch how {
	case formArray:
		s.before, s.between, s.after = "[", ",\r\n", "]"
	case formSSE:
		s.before, s.between, s.after = "data: ", "\r\n\r\ndata: ", "\r\n\r\n"
		w.Header().Set("Content-Type", "text/event-stream")
	}
	return s
}

func (s *stream) send(piece generateResponse) error {
	body, err := json.Marshal(piece)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(s.w, s.before+string(body)); err != nil {
		return err
	}
	s.before = s.between
	return http.NewResponseController(s.w).Flush()
}

// close ends the answer as it should; cut ends it in the middle, though not the connection.
func (s *stream) close() { _, _ = io.WriteString(s.w, s.after) }
func (s *stream) cut()   { _, _ = io.WriteString(s.w, s.before) }
