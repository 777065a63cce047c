package httpapi

import (
	"net/http"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

// expected lists every way that requests of the guarded routes can end, so that their series begin at zero.
func (a *API) expected() []telemetry.Endpoint {
	chat := modelEndpoint(chatPath)
	completions := modelEndpoint(completionsPath)
	completions.Statuses = append(completions.Statuses, http.StatusNotFound)
	completions.Kinds = append(completions.Kinds, kindUnknownModel)
	endpoints := []telemetry.Endpoint{chat, completions, {
		Method: http.MethodDelete, Path: sessionPath,
		Statuses: []int{http.StatusNoContent, http.StatusBadRequest, http.StatusInternalServerError},
		Kinds:    []assistant.Kind{assistant.KindInvalid, kindInternal},
	}, {
		Method: http.MethodGet, Path: modelsPath, Statuses: []int{http.StatusOK},
	}, {
		Method: http.MethodGet, Path: modelPath, Statuses: []int{http.StatusOK, http.StatusNotFound},
		Kinds: []assistant.Kind{kindUnknownModel},
	}}
	for i := range endpoints {
		e := &endpoints[i]
		if a.keys != nil {
			e.Statuses = append(e.Statuses, http.StatusUnauthorized)
			e.Kinds = append(e.Kinds, kindUnauthorized)
		}
		if a.limiter != nil {
			e.Statuses = append(e.Statuses, http.StatusTooManyRequests)
			e.Kinds = append(e.Kinds, kindRateLimited)
		}
	}
	return endpoints
}

// modelEndpoint is a route behind which a model is called.
func modelEndpoint(path string) telemetry.Endpoint {
	e := telemetry.Endpoint{
		Method:   http.MethodPost,
		Path:     path,
		Statuses: []int{http.StatusOK, http.StatusRequestEntityTooLarge, http.StatusInternalServerError},
		Kinds:    []assistant.Kind{kindTooLarge, kindInternal},
	}
	for kind, f := range modelFailures {
		e.Statuses = append(e.Statuses, f.status)
		e.Kinds = append(e.Kinds, kind)
	}
	return e
}
