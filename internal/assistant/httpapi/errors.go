package httpapi

import (
	"context"
	"errors"
	"math"
	"net/http"
	"strconv"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// Kinds of error that requests end in beside those of the model.
const (
	kindTooLarge assistant.Kind = "too_large"
	kindNoMethod assistant.Kind = "method_not_allowed"
	kindInternal assistant.Kind = "internal"
)

// statusClientGone is nginx's code for a client that left before its answer: nobody sees it but metrics and logs.
const statusClientGone = 499

// failure is how an error looks from outside.
type failure struct {
	status  int
	kind    assistant.Kind
	message string // says what happened and, where the client can do something, what
}

// Error makes a failure an error of its own: one that the request is to blame for.
func (f *failure) Error() string { return f.message }

var (
	errNoRoute  = &failure{http.StatusNotFound, assistant.KindNotFound, "There is nothing at this path."}
	errNoMethod = &failure{http.StatusMethodNotAllowed, kindNoMethod, "This method is not served; see the Allow header."}
	errInternal = &failure{http.StatusInternalServerError, kindInternal, "Something went wrong in the assistant."}
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
			return &failure{m.status, kind, m.message}
		}
	}
	return errInternal
}

// errorBody is the JSON of every error.
type errorBody struct {
	Error errorDetail `json:"error"`
}

type errorDetail struct {
	Type    assistant.Kind `json:"type"`
	Message string         `json:"message"`
}

// fail is where every error of a request becomes its status, its metric and, with the request's line, its log.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	f := describe(err)
	a.recorder.Error(f.kind, endpoint(r))
	noteFailure(r.Context(), f.kind, err)
	var model *assistant.Error
	if errors.As(err, &model) && model.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(model.RetryAfter.Seconds()))))
	}
	writeJSON(w, f.status, errorBody{errorDetail{f.kind, f.message}})
}
