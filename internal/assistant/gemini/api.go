package gemini

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// fromAPI names an error response by its code and reason, both from closed sets.
func fromAPI(api *googleapi.Error) *assistant.Error {
	d := readDetails(api.Body)
	text := fmt.Sprintf("the API answered %d %s", api.Code, http.StatusText(api.Code))
	if reasonPattern.MatchString(d.reason) {
		text += " (" + d.reason + ")"
	}
	kind := kindOf(api.Code, d)
	if kind == assistant.KindQuotaDay {
		d.retryDelay = 0 // Gemini sends seconds, after which the day's quota is still exhausted
	}
	return &assistant.Error{Kind: kind, RetryAfter: d.retryDelay, Err: errors.New(text)}
}

// details are what an error's body adds to its status.
type details struct {
	reason      string        // of its ErrorInfo
	retryDelay  time.Duration // of its RetryInfo
	minute, day bool          // which quotas its QuotaFailure names
}

// errorReply is Google's error body with the details of three types.
type errorReply struct {
	Error struct {
		Details []struct {
			Type       string `json:"@type"`
			Reason     string `json:"reason"`
			RetryDelay string `json:"retryDelay"`
			Violations []struct {
				QuotaID string `json:"quotaId"`
			} `json:"violations"`
		} `json:"details"`
	} `json:"error"`
}

// readDetails reads an error body as far as it can. The library reads only an object; a streaming call returns an array
// with one element.
func readDetails(body string) details {
	replies := make([]errorReply, 1)
	if err := json.Unmarshal([]byte(body), &replies[0]); err != nil {
		if err := json.Unmarshal([]byte(body), &replies); err != nil {
			return details{} // not Google's, such as a proxy's page: the status must do
		}
	}
	var out details
	for _, r := range replies {
		for _, d := range r.Error.Details {
			switch d.Type {
			case "type.googleapis.com/google.rpc.ErrorInfo":
				out.reason = d.Reason
			case "type.googleapis.com/google.rpc.RetryInfo":
				if delay, err := time.ParseDuration(d.RetryDelay); err == nil {
					out.retryDelay = max(0, delay)
				}
			case "type.googleapis.com/google.rpc.QuotaFailure":
				for _, v := range d.Violations {
					// Such as GenerateRequestsPerDayPerProjectPerModel-FreeTier.
					out.day = out.day || strings.Contains(v.QuotaID, "PerDay")
					out.minute = out.minute || strings.Contains(v.QuotaID, "PerMinute")
				}
			}
		}
	}
	return out
}

// reasonPattern is the form of an ErrorInfo reason, as google.rpc defines it.
var reasonPattern = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,62}$`)

func kindOf(code int, d details) assistant.Kind {
	switch {
	case d.reason == "API_KEY_INVALID", code == http.StatusUnauthorized, code == http.StatusForbidden:
		return assistant.KindAuth
	case code == http.StatusTooManyRequests:
		return quotaKind(d)
	case code == http.StatusNotFound, code == http.StatusGone:
		return assistant.KindNotFound
	case code == http.StatusBadRequest, code == http.StatusRequestEntityTooLarge:
		return assistant.KindInvalid
	case code == http.StatusGatewayTimeout, code == http.StatusRequestTimeout:
		return assistant.KindTimeout
	case code >= 500:
		return assistant.KindUnavailable
	default:
		return assistant.KindUnknown
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
