package server

import (
	"encoding/json"
	"hash/fnv"
	"net/http"
	"strings"
)

// dimensions is the length of the stand-in's vectors.
const dimensions = 16

// model serves GET /v1beta/models/{model}.
func (s *Server) model(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("model")
	if code, f := s.check(r, name, "get"); code != 0 {
		writeFailure(w, code, f, formObject)
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{
		"name": "models/" + name, "displayName": name, "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536,
		"supportedGenerationMethods": []string{"generateContent", "countTokens"},
	})
}

type embedRequest struct {
	Requests []struct {
		Content content `json:"content"`
	} `json:"requests"`
	Contents []content `json:"contents"` // of countTokens
}

// embedOrCount serves the methods batchEmbedContents and countTokens, which cost nothing and are in no ledger.
func (s *Server) embedOrCount(w http.ResponseWriter, r *http.Request, model, method string) {
	var in embedRequest
	if code, f := s.check(r, model, method); code != 0 {
		writeFailure(w, code, f, formObject)
		return
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&in); err != nil {
		writeFailure(w, http.StatusBadRequest, failures[http.StatusBadRequest], formObject)
		return
	}
	if method == "countTokens" {
		words := generateRequest{Contents: in.Contents}.words()
		writeJSON(w, http.StatusOK, map[string]int{"totalTokens": estimate(words)})
		return
	}
	vectors := make([]map[string][]float32, len(in.Requests))
	for i, request := range in.Requests {
		vectors[i] = map[string][]float32{"values": vector(request.Content)}
	}
	writeJSON(w, http.StatusOK, map[string]any{"embeddings": vectors})
}

// vector is the same for the same text: its words are counted by a hash.
func vector(c content) []float32 {
	out := make([]float32, dimensions)
	for _, p := range c.Parts {
		for word := range strings.FieldsSeq(p.Text) {
			h := fnv.New32a()
			_, _ = h.Write([]byte(word))
			out[h.Sum32()%dimensions]++
		}
	}
	return out
}
