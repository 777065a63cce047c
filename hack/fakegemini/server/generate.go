package server

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// generate serves POST /v1beta/models/{model}:{method}.
func (s *Server) generate(w http.ResponseWriter, r *http.Request) {
	n := s.book.open()
	model, method, _ := strings.Cut(r.PathValue("call"), ":")
	how, ok := formOf(method, r.URL.Query().Get("alt"))
	if !ok {
		s.refuse(w, http.StatusNotFound, failures[http.StatusNotFound], formObject)
		return
	}
	if code, f := s.check(r, model, method); code != 0 {
		s.refuse(w, code, f, how)
		return
	}
	var in generateRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil || len(in.Contents) == 0 {
		s.refuse(w, http.StatusBadRequest, failures[http.StatusBadRequest], how)
		return
	}

	behaviour, random := s.Behaviour(), s.random(n)
	fate := behaviour.draw(random)
	if !pause(r, fate.delay) {
		s.book.cancelled()
		return
	}
	if fate.code != 0 {
		s.refuse(w, fate.code, failures[fate.code], how)
		return
	}
	a := compose(behaviour, random, in.words(), fate.words)
	if fate.blocked {
		s.book.blocked()
		_ = write(w, how, []generateResponse{a.blocked(model)})
		return
	}
	// Booked before it is written: a client that has its answer finds it in the ledger.
	s.book.answered(a)
	if how == formObject {
		_ = write(w, how, []generateResponse{a.whole(model)})
		return
	}
	_ = write(w, how, a.chunks(model))
}

func formOf(method, alt string) (form, bool) {
	switch {
	case method == "generateContent":
		return formObject, true
	case method == "streamGenerateContent" && alt == "sse":
		return formSSE, true
	case method == "streamGenerateContent":
		return formArray, true
	default:
		return formObject, false
	}
}

// check returns the code and words with which Gemini refuses a bad key or an unknown model, 0 if it does not.
func (s *Server) check(r *http.Request, model, method string) (int, failure) {
	key := r.Header.Get("X-Goog-Api-Key")
	if key == "" {
		key = r.URL.Query().Get("key")
	}
	switch {
	case key == "":
		return http.StatusForbidden, noKey
	case s.config.APIKey != "" && key != s.config.APIKey:
		return http.StatusBadRequest, wrongKey
	case len(s.config.Models) > 0 && !slices.Contains(s.config.Models, model):
		f := failures[http.StatusNotFound]
		f.message = fmt.Sprintf("models/%s is not found for API version v1beta, or is not supported for %s.", model, method)
		return http.StatusNotFound, f
	default:
		return 0, failure{}
	}
}

func (s *Server) refuse(w http.ResponseWriter, code int, f failure, how form) {
	s.book.failed(code)
	writeFailure(w, code, f, how)
}

// write sends the pieces of an answer in the form asked for, each as soon as it is written. Its error is the client's
// going away.
func write(w http.ResponseWriter, how form, pieces []generateResponse) error {
	before, between, after := "", "", ""
	switch how {
	case formArray:
		before, between, after = "[", ",\r\n", "]"
	case formSSE:
		before, between, after = "data: ", "\r\n\r\ndata: ", "\r\n\r\n"
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if how == formSSE {
		w.Header().Set("Content-Type", "text/event-stream")
	}
	out := http.NewResponseController(w)
	for i, piece := range pieces {
		body, err := json.Marshal(piece)
		if err != nil {
			return err
		}
		if i > 0 {
			before = between
		}
		if _, err := io.WriteString(w, before+string(body)); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, after)
	return err
}
