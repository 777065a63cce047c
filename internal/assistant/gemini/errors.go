package gemini

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// statuses are the HTTP codes of Google's canonical statuses (google/rpc/code.proto).
var statuses = map[string]int{
	"INVALID_ARGUMENT": 400, "FAILED_PRECONDITION": 400, "OUT_OF_RANGE": 400, "UNAUTHENTICATED": 401,
	"PERMISSION_DENIED": 403, "NOT_FOUND": 404, "ABORTED": 409, "ALREADY_EXISTS": 409, "RESOURCE_EXHAUSTED": 429,
	"CANCELLED": 499, "DATA_LOSS": 500, "UNKNOWN": 500, "INTERNAL": 500, "UNIMPLEMENTED": 501, "UNAVAILABLE": 503,
	"DEADLINE_EXCEEDED": 504,
}

// fromAPI names the error that the vendor answered with by its code, its status, its reason and the fields at fault: all
// from closed sets or of a form that holds no text of the conversation.
func fromAPI(call *upstream.Call) *assistant.Error {
	d := readDetails(call.ErrorBody)
	code := call.Status
	if code/100 == 2 { // the error is within the answer
		code = d.code
	}
	text := fmt.Sprintf("the API answered %d %s", code, http.StatusText(code))
	if d.status != "" {
		text += " " + name(d.status)
	}
	if namePattern.MatchString(d.reason) {
		text += " (" + d.reason + ")"
	}
	if len(d.fields) > 0 {
		text += ", at " + strings.Join(d.fields, ", ")
	}
	kind := kindOf(code, d)
	if d.retryDelay == 0 {
		d.retryDelay = upstream.RetryAfter(call.Header, time.Now())
	}
	if kind == assistant.KindQuotaDay {
		d.retryDelay = 0 // Gemini sends seconds, after which the day's quota is still exhausted
	}
	return &assistant.Error{Kind: kind, RetryAfter: d.retryDelay, Err: errors.New(text)}
}

// details are what an error's body adds to its status.
type details struct {
	code        int    // HTTP's
	status      string // canonical
	reason      string // of its ErrorInfo
	fields      []string
	retryDelay  time.Duration // of its RetryInfo
	minute, day bool          // which quotas its QuotaFailure names
	tooLong     bool
}

// errorReply is Google's error body with the details of four types. Gateways put other things in its place.
type errorReply struct {
	Error struct {
		Code    json.RawMessage `json:"code"`
		Status  any             `json:"status"`
		Message any             `json:"message"`
		Details []errorDetail   `json:"details"`
	} `json:"error"`
}

type errorDetail struct {
	Type       string `json:"@type"`
	Reason     string `json:"reason"`
	RetryDelay string `json:"retryDelay"`
	Violations []struct {
		QuotaID string `json:"quotaId"`
	} `json:"violations"`
	Fields []struct {
		Field string `json:"field"`
	} `json:"fieldViolations"`
}

// readDetails reads an error body as far as it can: an object, or an array of one, with which a streaming call answers.
func readDetails(body []byte) details {
	replies := make([]errorReply, 1)
	if err := json.Unmarshal(body, &replies[0]); err != nil {
		if err := json.Unmarshal(body, &replies); err != nil {
			return details{} // not Google's, such as a proxy's page: the status must do
		}
	}
	var out details
	for _, r := range replies {
		out.status, _ = r.Error.Status.(string)
		if json.Unmarshal(r.Error.Code, &out.code) != nil || out.code < 100 {
			out.code = statuses[out.status] // a gateway may send a text, or gRPC's number
		}
		message, _ := r.Error.Message.(string)
		out.tooLong = tooLongPattern.MatchString(message)
		for _, d := range r.Error.Details {
			out.add(d)
		}
	}
	return out
}

func (d *details) add(detail errorDetail) {
	switch detail.Type {
	case "type.googleapis.com/google.rpc.ErrorInfo":
		d.reason = detail.Reason
	case "type.googleapis.com/google.rpc.RetryInfo":
		if delay, err := time.ParseDuration(detail.RetryDelay); err == nil {
			d.retryDelay = max(0, delay)
		}
	case "type.googleapis.com/google.rpc.BadRequest":
		for _, v := range detail.Fields {
			if fieldPattern.MatchString(v.Field) && len(d.fields) < maxFields {
				d.fields = append(d.fields, v.Field)
			}
		}
	case "type.googleapis.com/google.rpc.QuotaFailure":
		for _, v := range detail.Violations {
			// Such as GenerateRequestsPerDayPerProjectPerModel-FreeTier.
			d.day = d.day || strings.Contains(v.QuotaID, "PerDay")
			d.minute = d.minute || strings.Contains(v.QuotaID, "PerMinute")
		}
	}
}

// maxFields is how many fields at fault an error names.
const maxFields = 5

var (
	// fieldPattern is the form of a field's path, such as contents[0].parts[1].inline_data. It holds no text.
	fieldPattern = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]*(\[\d+\])?(\.[a-zA-Z][a-zA-Z0-9_]*(\[\d+\])?){0,12}$`)
	// tooLongPattern is how Gemini says that a conversation is too long: its error has no other sign of it.
	tooLongPattern = regexp.MustCompile(`(?i)token count.*exceeds|exceeds the maximum number of tokens|payload size exceeds|context (length|window)`)
)

func kindOf(code int, d details) assistant.Kind {
	switch {
	case d.reason == "API_KEY_INVALID":
		return assistant.KindAuth
	case d.status == "FAILED_PRECONDITION": // the location or the billing of the account
		return assistant.KindPrecondition
	case code == http.StatusTooManyRequests:
		return quotaKind(d)
	case code == http.StatusBadRequest && d.tooLong:
		return assistant.KindContextLength
	default:
		return upstream.KindOf(code)
	}
}

// quotaKind returns the exhausted quota that takes longest to reset: Gemini names all of them.
func quotaKind(d details) assistant.Kind {
	switch {
	case d.day:
		return assistant.KindQuotaDay
	case d.minute:
		return assistant.KindQuotaMinute
	default:
		return assistant.KindQuota
	}
}
