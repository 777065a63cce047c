package server

import (
	"encoding/json"
	"net/http"
)

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

// embedOrCount serves the methods batchEmbedContents and countTokens, which cost nothing and are in no ledger.
func (s *Server) embedOrCount(w http.ResponseWriter, r *http.Request, model, method string) {
	var in struct {
		Requests []struct{ Content content }
		Contents []content // of countTokens
	}
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
	for i, request := range in.Requests { // the same for the same number of words
		words := generateRequest{Contents: []content{request.Content}}.words()
		vectors[i] = map[string][]float32{"values": {float32(words), 1, 0, -1}}
	}
	writeJSON(w, http.StatusOK, map[string]any{"embeddings": vectors})
}
