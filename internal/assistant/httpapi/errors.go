package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"
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
	errInternal = &httpError{
		status: http.StatusInternalServerError, kind: kindInternal, message: "Something went wrong in the assistant.",
	}
)

// modelFailures are the answers to a failed model call by its kind. What only the operator can fix is a bad gateway.
var modelFailures = map[assistant.Kind]struct {
	status  int
	message string
}{
	assistant.KindQuota:         {http.StatusTooManyRequests, "The model's quota is exhausted; try again later."},
	assistant.KindQuotaMinute:   {http.StatusTooManyRequests, "The model's quota for this minute is exhausted; try again in a minute."},
	assistant.KindQuotaDay:      {http.StatusTooManyRequests, "The model's quota for today is exhausted; try again tomorrow."},
	assistant.KindBlocked:       {http.StatusUnprocessableEntity, "The model's safety filter refused the conversation."},
	assistant.KindTimeout:       {http.StatusGatewayTimeout, "The model did not answer in time."},
	assistant.KindTruncated:     {http.StatusBadGateway, "The model's answer broke off; try again."},
	assistant.KindUnavailable:   {http.StatusServiceUnavailable, "The model is unavailable; try again later."},
	assistant.KindNotFound:      {http.StatusBadGateway, "The configured model does not exist, or no longer; tell the operator."},
	assistant.KindInvalid:       {http.StatusBadRequest, "The model refused the conversation; it may be too long."},
	assistant.KindContextLength: {http.StatusBadRequest, "The conversation is longer than the model can read; shorten it."},
	assistant.KindPrecondition:  {http.StatusForbidden, "The vendor does not serve the assistant's account; tell the operator."},
	assistant.KindCancelled:     {statusClientClosedRequest, "The request was cancelled before its answer was complete."},
	assistant.KindAuth:          {http.StatusBadGateway, "The model refused the assistant's key; tell the operator."},
	assistant.KindUnknown:       {http.StatusBadGateway, "The model failed."},
}

// modelErrors are the errors of a route that calls a model.
func modelErrors() []*httpError {
	all := []*httpError{errInternal, {status: http.StatusRequestEntityTooLarge, kind: kindTooLarge}}
	for kind, f := range modelFailures {
		all = append(all, &httpError{status: f.status, kind: kind, message: f.message})
	}
	return all
}

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
			out := &httpError{status: f.status, kind: kind, message: f.message}
			if model != nil {
				out.retryAfter = model.RetryAfter
			}
			return out
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
	if e.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(e.retryAfter.Seconds()))))
	}
	_ = writeJSON(w, e.status, errorResponse(r.URL.Path, e))
}
