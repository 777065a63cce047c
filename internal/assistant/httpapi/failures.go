package httpapi

import (
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// failure is the answer to a failed model call.
type failure struct {
	status  int
	message string
	// code is OpenAI's name of the error; empty for the kind.
	code string
	// retryAfter is how long clients wait before they try again; 0 if trying again is pointless.
	retryAfter time.Duration
}

const (
	shortWait = time.Second
	quotaWait = 10 * time.Second
)

// modelFailures are the answers by kind. OpenAI's clients, LangChain and the AI SDK retry 408, 409, 429 and 5xx, so what
// fails again has another status.
var modelFailures = map[assistant.Kind]failure{
	assistant.KindQuota: {
		status: http.StatusTooManyRequests, retryAfter: quotaWait, code: "rate_limit_exceeded",
		message: "The model's quota is exhausted; try again later.",
	},
	assistant.KindQuotaMinute: {
		status: http.StatusTooManyRequests, retryAfter: quotaWait, code: "rate_limit_exceeded",
		message: "The model's quota for this minute is exhausted; try again in a minute.",
	},
	assistant.KindQuotaDay: {
		status: http.StatusPaymentRequired, code: "insufficient_quota",
		message: "The model's quota for today is exhausted; try again tomorrow.",
	},
	assistant.KindBlocked: {
		status: http.StatusBadRequest, code: "content_filter",
		message: "The model's safety filter refused the conversation.",
	},
	assistant.KindTimeout: {
		status: http.StatusGatewayTimeout, retryAfter: shortWait, message: "The model did not answer in time; try again.",
	},
	assistant.KindTruncated: {
		status: http.StatusBadGateway, retryAfter: shortWait, message: "The model's answer broke off; try again.",
	},
	assistant.KindUnavailable: {
		status: http.StatusServiceUnavailable, retryAfter: shortWait, message: "The model is unavailable; try again later.",
	},
	assistant.KindNotFound: {
		status: http.StatusNotFound, code: "upstream_model_not_found",
		message: "The configured model does not exist, or no longer; tell the operator.",
	},
	assistant.KindInvalid: {
		status: http.StatusBadRequest, message: "The model refused the request: one of its parameters, schemas or files does not suit it.",
	},
	assistant.KindContextLength: {
		status: http.StatusBadRequest, code: "context_length_exceeded",
		message: "The conversation is longer than the model can read; shorten it.",
	},
	assistant.KindPrecondition: {
		status: http.StatusForbidden, message: "The vendor does not serve the assistant's account; tell the operator.",
	},
	assistant.KindCancelled: {
		status: statusClientClosedRequest, message: "The request was cancelled before its answer was complete.",
	},
	assistant.KindAuth: {
		status: http.StatusForbidden, message: "The model refused the assistant's key; tell the operator.",
	},
	assistant.KindUnknown: {
		status: http.StatusBadGateway, retryAfter: shortWait, message: "The model failed; try again.",
	},
}

// httpError is the failure as clients see it. A vendor's wait replaces the usual one.
func (f failure) httpError(kind assistant.Kind, vendorWait time.Duration) *httpError {
	e := &httpError{status: f.status, kind: kind, message: f.message, code: f.code, retry: retryNever}
	if f.retryAfter > 0 {
		e.retry, e.retryAfter = retryLater, f.retryAfter
		if vendorWait > 0 {
			e.retryAfter = vendorWait
		}
	}
	return e
}

// modelErrors are the errors of a route that calls a model.
func modelErrors() []*httpError {
	all := []*httpError{errInternal, {status: http.StatusRequestEntityTooLarge, kind: kindTooLarge}, errNotJSON}
	for kind, f := range modelFailures {
		all = append(all, f.httpError(kind, 0))
	}
	return all
}
