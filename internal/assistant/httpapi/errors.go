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

// Kinds of error that requests end in beside those of the model.
const (
	kindTooLarge     assistant.Kind = "too_large"
	kindNoMethod     assistant.Kind = "method_not_allowed"
	kindInternal     assistant.Kind = "internal"
	kindUnauthorized assistant.Kind = "unauthorized"
	kindRateLimited  assistant.Kind = "rate_limited"
	kindUnknownModel assistant.Kind = "unknown_model"
)

// statusClientGone is nginx's code for a client that left before its answer: nobody sees it but metrics and logs.
const statusClientGone = 499

// failure is how an error looks from outside.
type failure struct {
	status  int
	kind    assistant.Kind
	message string // says what happened and, where the client can do something, what; it quotes nothing
	// param is the parameter of the request that is to blame, code OpenAI's name of the mistake: for OpenAI's clients.
	param, code string
	retryAfter  time.Duration // 0 if nobody knows
}

// Error makes a failure an error of its own: one that the request is to blame for.
func (f *failure) Error() string { return f.message }

var (
	errNoRoute = &failure{
		status: http.StatusNotFound, kind: assistant.KindNotFound, message: "There is nothing at this path.",
	}
	errNoMethod = &failure{
		status: http.StatusMethodNotAllowed, kind: kindNoMethod, message: "This method is not served; see the Allow header.",
	}
	errInternal = &failure{
		status: http.StatusInternalServerError, kind: kindInternal, message: "Something went wrong in the assistant.",
	}
)

// modelFailures says how a failed model call looks from outside, by its kind. What only the operator can mend is a bad
// gateway, as is everything the vendor did that has no better name.
var modelFailures = map[assistant.Kind]struct {
	status  int
	message string
}{
	assistant.KindQuota:       {http.StatusTooManyRequests, "The model's quota is exhausted; try again later."},
	assistant.KindQuotaMinute: {http.StatusTooManyRequests, "The model's quota for this minute is exhausted; try again in a minute."},
	assistant.KindQuotaDay:    {http.StatusTooManyRequests, "The model's quota for today is exhausted; try again tomorrow."},
	assistant.KindBlocked:     {http.StatusUnprocessableEntity, "The model's safety filter refused the conversation."},
	assistant.KindTimeout:     {http.StatusGatewayTimeout, "The model did not answer in time."},
	assistant.KindTruncated:   {http.StatusBadGateway, "The model's answer broke off; try again."},
	assistant.KindUnavailable: {http.StatusServiceUnavailable, "The model is unavailable; try again later."},
	assistant.KindNotFound:    {http.StatusBadGateway, "The configured model does not exist, or no longer; tell the operator."},
	assistant.KindInvalid:     {http.StatusBadRequest, "The model refused the conversation; it may be too long."},
	assistant.KindCancelled:   {statusClientGone, "The request was cancelled before its answer was complete."},
	assistant.KindAuth:        {http.StatusBadGateway, "The model refused the assistant's key; tell the operator."},
	assistant.KindUnknown:     {http.StatusBadGateway, "The model failed."},
}

// describe finds the outside of an error: the request's fault, the model's, or our own.
func describe(err error) *failure {
	var f *failure
	var model *assistant.Error
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &model), errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		kind := assistant.KindOf(err)
		if m, ok := modelFailures[kind]; ok {
			f := &failure{status: m.status, kind: kind, message: m.message}
			if model != nil {
				f.retryAfter = model.RetryAfter
			}
			return f
		}
	}
	return errInternal
}

// errorBody is the JSON of every error outside of OpenAI's routes.
type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Type    assistant.Kind `json:"type"`
	Message string         `json:"message"`
}

// errorJSON is an error in the form that a path's clients understand.
func errorJSON(path string, f *failure) any {
	if speaksOpenAI(path) {
		return openAIError(f)
	}
	return errorBody{errorDetail{f.kind, f.message}}
}

// note is where every error of a request becomes its metric and, with the request's line, its log.
func (a *API) note(r *http.Request, err error) *failure {
	f := describe(err)
	a.recorder.Error(f.kind, endpoint(r))
	noteFailure(r.Context(), f.kind, err)
	return f
}

// fail answers a request with its error.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := a.note(r, err)
	if f.retryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.retryAfter.Seconds()))))
	}
	writeJSON(w, f.status, errorJSON(r.URL.Path, f))
}
