package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// maxBody is the largest body read, in bytes: about Gemini's own limit.
const maxBody = 20 << 20

// generate serves POST /v1beta/models/{model}:{method}.
func (s *Server) generate(w http.ResponseWriter, r *http.Request) {
	model, method, _ := strings.Cut(r.PathValue("call"), ":")
	if method == "batchEmbedContents" || method == "countTokens" {
		s.embedOrCount(w, r, model, method)
		return
	}
	n, c := s.calls.open(), &Call{}
	defer func() {
		if s.config.Ended != nil {
			s.config.Ended(*c)
		}
	}()
	how, ok := formOf(method, r.URL.Query().Get("alt"))
	if !ok {
		s.refuse(w, c, http.StatusNotFound, failures[http.StatusNotFound], formObject)
		return
	}
	if code, f := s.check(r, model, method); code != 0 {
		s.refuse(w, c, code, f, how)
		return
	}
	var in generateRequest
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil || len(in.Contents) == 0 {
		s.refuse(w, c, http.StatusBadRequest, failures[http.StatusBadRequest], how)
		return
	}
	c.Model, c.Message, c.PromptWords = model, in.message(), in.words()

	behaviour, random := s.Behaviour(), s.random(n)
	fate := behaviour.draw(random)
	scene := behaviour.scene(c.Message, fate, random)
	if !sleep(r, fate.delay) {
		s.calls.end(c, Cancelled)
		return
	}
	a := compose(behaviour, scene, random, model, c.PromptWords, fate.words)
	switch calls := in.nextCalls(scene); {
	case scene.Act != ActAnswer:
	case !in.signed():
		s.refuse(w, c, http.StatusBadRequest, noSignature, how)
		return
	case len(calls) > 0:
		a.call(calls)
	case in.Generation.MIMEType == "application/json":
		data, _ := json.Marshal(instance(in.Generation.Schema))
		a.write(string(data))
	case in.resultText() != "":
		a.write("The tool said " + in.resultText())
	case scene.Empty:
		a.write("")
	case scene.Text != "":
		a.write(scene.Text)
	}
	s.play(w, r, c, a, behaviour, how)
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

func (s *Server) refuse(w http.ResponseWriter, c *Call, code int, f failure, how form) {
	c.Code = code
	s.calls.end(c, Failed)
	writeFailure(w, code, f, how)
}
