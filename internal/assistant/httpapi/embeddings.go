package httpapi

import (
	"fmt"
	"net/http"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// errNoEmbedder is the error of embeddings without any model for them.
var errNoEmbedder = &httpError{
	status: http.StatusNotFound, kind: kindUnknownModel, param: "model", code: "model_not_found",
	message: "No model for embeddings is configured here; ask the operator for one.",
}

// embeddingList is the answer to POST /v1/embeddings in OpenAI's form.
type embeddingList struct {
	Object string          `json:"object"` // list
	Data   []embeddingItem `json:"data"`
	Model  string          `json:"model"`
	Usage  embeddingUsage  `json:"usage"`
}

type embeddingItem struct {
	Object    string `json:"object"` // embedding
	Index     int    `json:"index"`
	Embedding any    `json:"embedding"` // numbers, or base64
}

type embeddingUsage struct {
	PromptTokens int `json:"prompt_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// postEmbeddings answers with a vector for each text.
func (a *API) postEmbeddings(w http.ResponseWriter, r *http.Request) error {
	body, err := a.jsonBody(w, r)
	if err != nil {
		return err
	}
	in, err := decodeEmbeddings(body, a.limits)
	if err != nil {
		return err
	}
	embedder, err := a.embedderNamed(in.model)
	if err != nil {
		return err
	}
	out, err := embedder.Embed(r.Context(), in.request)
	if err != nil {
		return err
	}
	if len(out.Vectors) != len(in.request.Texts) {
		return &assistant.Error{
			Kind: assistant.KindUnknown, Err: fmt.Errorf("%d vectors of %d texts", len(out.Vectors), len(in.request.Texts)),
		}
	}
	list := embeddingList{
		Object: "list", Model: embedder.Name(), Usage: embeddingUsage{out.Usage.PromptTokens, out.Usage.PromptTokens},
	}
	for i, v := range out.Vectors {
		list.Data = append(list.Data, embeddingItem{Object: "embedding", Index: i, Embedding: in.encode(v)})
	}
	return writeJSON(w, http.StatusOK, list)
}

func (a *API) embedderNamed(name string) (assistant.Embedder, error) {
	if len(a.embedders) == 0 {
		return nil, errNoEmbedder
	}
	for _, e := range a.embedders {
		if e.Name() == name {
			return e, nil
		}
	}
	return nil, errUnknownModel
}
