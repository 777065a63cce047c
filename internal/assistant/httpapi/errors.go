package httpapi

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// Kinds of request errors besides those of the model.
const (
	kindTooLarge     assistant.Kind = "too_large"
	kindNoMethod     assistant.Kind = "method_not_allowed"
	kindInternal     assistant.Kind = "internal"
	kindUnauthorized assistant.Kind = "unauthorized"
	kindRateLimited  assistant.Kind = "rate_limited"
	kindUnknownModel assistant.Kind = "unknown_model"
)

// statusClientClosedRequest is nginx's code for a client that disconnected early: only metrics and logs show it.
const statusClientClosedRequest = 499

// httpError is an error as clients see it.
type httpError struct {
	status  int
	kind    assistant.Kind
	message string // says what happened and, where the client can do something, what; it quotes nothing
	// param is the invalid parameter, code OpenAI's name of the error: for OpenAI's clients.
	param, code string
	retry       retry
	retryAfter  time.Duration // 0 if unknown
}

// Error is the message: a handler returns an httpError for a request that is at fault.
func (e *httpError) Error() string { return e.message }

var (
	errNoRoute = &httpError{
		status: http.StatusNotFound, kind: assistant.KindNotFound, message: "There is nothing at this path.",
	}
	errNoMethod = &httpError{
		status: http.StatusMethodNotAllowed, kind: kindNoMethod, message: "This method is not served; see the Allow header.",
	}
	errNotJSON = &httpError{
		status: http.StatusUnsupportedMediaType, kind: assistant.KindInvalid, code: "unsupported_media_type",
		message: "The body must be JSON, with the header Content-Type: application/json.",
	}
	errInternal = &httpError{
		status: http.StatusInternalServerError, kind: kindInternal, message: "Something went wrong in the assistant.",
	}
)

// toHTTPError returns what clients see of an error: the request's fault, the model's, or our own.
func toHTTPError(err error) *httpError {
	var declared *httpError
	var model *assistant.Error
	switch {
	case errors.As(err, &declared):
		return declared
	case errors.As(err, &model), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		kind := assistant.KindOf(err)
		if f, ok := modelFailures[kind]; ok {
			var wait time.Duration
			if model != nil {
				wait = model.RetryAfter
			}
			return f.httpError(kind, wait)
		}
	}
	return errInternal
}

// errorBody is the JSON of an error outside OpenAI's routes.
type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Type    assistant.Kind `json:"type"`
	Message string         `json:"message"`
}

// errorResponse is an error in the form that a path's clients expect.
func errorResponse(path string, e *httpError) any {
	if speaksOpenAI(path) {
		return openAIError(e)
	}
	return errorBody{errorDetail{e.kind, e.message}}
}

// recordError keeps an error to count and log at the end of the request; the last one is the request's.
func recordError(r *http.Request, err error) *httpError {
	e := toHTTPError(err)
	rec := recorderOf(r.Context())
	rec.kind, rec.err = e.kind, err
	return e
}

// writeError records an error and answers with it.
func (a *API) writeError(w http.ResponseWriter, r *http.Request, err error) {
	e := recordError(r, err)
	a.setRetry(w.Header(), e)
	_ = writeJSON(w, e.status, errorResponse(r.URL.Path, e))
}
