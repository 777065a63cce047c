package server

import (
	"fmt"
	"net/http"
	"time"
)

// failure is one way Gemini refuses a call.
type failure struct {
	status     string // the canonical status of google.rpc.Code
	message    string
	reason     string // of the google.rpc.ErrorInfo detail; none if empty
	quotas     []string
	retryDelay time.Duration // of the google.rpc.RetryInfo detail; none if 0
}

// during is f with what a scene adds to it.
func (f failure) during(s Scene) failure {
	f.quotas, f.retryDelay = s.Quotas, s.RetryAfter
	return f
}

// failures are Gemini's usual words by HTTP code, those that Behaviour.ErrorCodes may name.
var failures = map[int]failure{
	http.StatusBadRequest:          {status: "INVALID_ARGUMENT", message: "Request contains an invalid argument."},
	http.StatusForbidden:           {status: "PERMISSION_DENIED", message: "The caller does not have permission."},
	http.StatusNotFound:            {status: "NOT_FOUND", message: "Requested entity was not found."},
	http.StatusTooManyRequests:     {status: "RESOURCE_EXHAUSTED", message: "Resource has been exhausted (e.g. quota)."},
	http.StatusInternalServerError: {status: "INTERNAL", message: "An internal error has occurred."},
	http.StatusServiceUnavailable:  {status: "UNAVAILABLE", message: "The model is overloaded. Please try again later."},
	http.StatusGatewayTimeout:      {status: "DEADLINE_EXCEEDED", message: "Deadline expired before completion."},
}

var (
	noKey = failure{
		status:  "PERMISSION_DENIED",
		message: "Method doesn't allow unregistered callers. Please use API Key or other form of API consumer identity.",
	}
	wrongKey = failure{
		status: "INVALID_ARGUMENT", message: "API key not valid. Please pass a valid API key.", reason: "API_KEY_INVALID",
	}
)

// errorBody is Google's JSON form of an error.
type errorBody struct {
	Error errorStatus `json:"error"`
}

type errorStatus struct {
	Code    int           `json:"code"`
	Message string        `json:"message"`
	Status  string        `json:"status"`
	Details []errorDetail `json:"details,omitempty"`
}

// errorDetail is one of three of google.rpc's, told apart by Type.
type errorDetail struct {
	Type       string      `json:"@type"`
	Reason     string      `json:"reason,omitempty"`
	Domain     string      `json:"domain,omitempty"`
	Violations []violation `json:"violations,omitempty"`
	RetryDelay string      `json:"retryDelay,omitempty"`
}

type violation struct {
	Metric string `json:"quotaMetric"`
	ID     string `json:"quotaId"`
}

// quotaIDs are Gemini's own names of its quotas.
var quotaIDs = map[string]string{
	QuotaMinute: "GenerateRequestsPerMinutePerProjectPerModel-FreeTier",
	QuotaDay:    "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
}

func (f failure) details() []errorDetail {
	const types = "type.googleapis.com/google.rpc."
	var out []errorDetail
	if f.reason != "" {
		out = append(out, errorDetail{Type: types + "ErrorInfo", Reason: f.reason, Domain: "googleapis.com"})
	}
	var exhausted []violation
	for _, q := range f.quotas {
		exhausted = append(exhausted, violation{"generativelanguage.googleapis.com/generate_content_free_tier_requests", quotaIDs[q]})
	}
	if len(exhausted) > 0 {
		out = append(out, errorDetail{Type: types + "QuotaFailure", Violations: exhausted})
	}
	if f.retryDelay > 0 {
		out = append(out, errorDetail{Type: types + "RetryInfo", RetryDelay: fmt.Sprintf("%gs", f.retryDelay.Seconds())})
	}
	return out
}

func errorOf(code int, f failure) errorBody {
	return errorBody{Error: errorStatus{Code: code, Message: f.message, Status: f.status, Details: f.details()}}
}

// writeFailure answers with f. As with Gemini, the error is the element of an array where an array was asked for.
func writeFailure(w http.ResponseWriter, code int, f failure, how form) {
	var body any = errorOf(code, f)
	if how == formArray {
		body = []any{body}
	}
	writeJSON(w, code, body)
}
