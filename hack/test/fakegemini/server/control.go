package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

// maxBody is the largest body read, in bytes: about Gemini's own limit.
const maxBody = 20 << 20

func (s *Server) showControl(w http.ResponseWriter, _ *http.Request) {
	writeJSON(w, http.StatusOK, s.Behaviour())
}

// changeControl changes the fields named in the body and answers with all of them.
func (s *Server) changeControl(w http.ResponseWriter, r *http.Request) {
	b, err := s.change(func(b *Behaviour) error {
		in := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
		in.DisallowUnknownFields()
		scenes := b.Scenes
		b.Scenes = nil // else the decoder would mix the old scenes into the new
		if err := in.Decode(b); err != nil {
			return err
		}
		if b.Scenes == nil {
			b.Scenes = scenes
		}
		return nil
	})
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": fmt.Sprintf("control: %v", err)})
		return
	}
	writeJSON(w, http.StatusOK, b)
}

// change edits the behaviour as one step, so that two changes at once do not undo each other.
func (s *Server) change(edit func(*Behaviour) error) (Behaviour, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	b := s.behaviour
	b.ErrorCodes = slices.Clone(b.ErrorCodes) // decoding would write into the array that calls are reading
	if err := edit(&b); err != nil {
		return Behaviour{}, err
	}
	if err := b.Validate(); err != nil {
		return Behaviour{}, err
	}
	s.behaviour = b
	return b, nil
}
