package httpapi

import (
	"net/http"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

var errUnknownModel = &httpError{
	status: http.StatusNotFound, kind: kindUnknownModel, param: "model", code: "model_not_found",
	message: "There is no model of this name here; GET /v1/models lists those there are.",
}

type modelList struct {
	Object string      `json:"object"` // list
	Data   []modelItem `json:"data"`
}

type modelItem struct {
	ID      string `json:"id"`
	Object  string `json:"object"`  // model
	Created int64  `json:"created"` // when the assistant started: the model's date is unknown
	OwnedBy string `json:"owned_by"`
}

func (a *API) getModels(w http.ResponseWriter, _ *http.Request) error {
	list := modelList{Object: "list"}
	for _, m := range a.models {
		list.Data = append(list.Data, a.modelItem(m.Name()))
	}
	for _, e := range a.embedders {
		list.Data = append(list.Data, a.modelItem(e.Name()))
	}
	return writeJSON(w, http.StatusOK, list)
}

func (a *API) getModel(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("model")
	_, ok := a.modelNamed(name)
	if _, err := a.embedderNamed(name); !ok && err != nil {
		return errUnknownModel
	}
	return writeJSON(w, http.StatusOK, a.modelItem(name))
}

func (a *API) modelItem(name string) modelItem {
	return modelItem{ID: name, Object: "model", Created: a.started.Unix(), OwnedBy: "plimsoll"}
}

func (a *API) modelNamed(name string) (assistant.Model, bool) {
	for _, m := range a.models {
		if m.Name() == name {
			return m, true
		}
	}
	return nil, false
}
