package gemini

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/google/generative-ai-go/genai"
	"google.golang.org/api/googleapi"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// explain turns whatever the library returned into an *assistant.Error that is fit for a log. It does not wrap the
// library's error: that may quote the server, and the server the prompt or the key.
func (m *Model) explain(ctx context.Context, err error) error {
	failed := classify(err)
	// The context has the last word: the library reports its end in many ways, among them a broken body.
	switch ctx.Err() {
	case context.DeadlineExceeded:
		failed = &assistant.Error{Kind: assistant.KindTimeout, Err: fmt.Errorf("no complete answer in time: %w", ctx.Err())}
	case context.Canceled:
		failed = &assistant.Error{Kind: assistant.KindCancelled, Err: fmt.Errorf("the caller went away: %w", ctx.Err())}
	}
	if text := failed.Err.Error(); strings.Contains(text, m.config.APIKey) {
		failed.Err = errors.New(redact(text, m.config.APIKey))
	}
	return failed
}

// classify gives an error its kind, and text without anything that the server said freely.
func classify(err error) *assistant.Error {
	var (
		blocked *genai.BlockedError
		api     *googleapi.Error
		address *url.Error
		network net.Error
	)
	switch {
	case errors.As(err, &blocked):
		return &assistant.Error{Kind: assistant.KindBlocked, Err: errors.New(blocked.Error())}
	case errors.As(err, &api):
		return fromAPI(api)
	case errors.Is(err, errNotWanted):
		return &assistant.Error{Kind: assistant.KindCancelled, Err: errNotWanted}
	case errors.Is(err, errNoPrompt):
		return &assistant.Error{Kind: assistant.KindInvalid, Err: err}
	case errors.Is(err, errBrokenOff), errors.Is(err, io.ErrUnexpectedEOF):
		return &assistant.Error{Kind: assistant.KindUnavailable, Err: errBrokenOff}
	case errors.Is(err, errNoAnswer):
		return &assistant.Error{Kind: assistant.KindUnknown, Err: err}
	case errors.As(err, &network):
		if errors.As(err, &address) {
			err = address.Err // without the URL
		}
		kind := assistant.KindUnavailable
		if network.Timeout() {
			kind = assistant.KindTimeout
		}
		return &assistant.Error{Kind: kind, Err: err}
	default:
		// A decoding error would quote what it could not read.
		return &assistant.Error{Kind: assistant.KindUnknown, Err: fmt.Errorf("the answer could not be read (%T)", err)}
	}
}

// fromAPI names an error response by its code and reason, both from closed sets.
func fromAPI(api *googleapi.Error) *assistant.Error {
	reason, wait := details(api.Body)
	text := fmt.Sprintf("the API answered %d %s", api.Code, http.StatusText(api.Code))
	if constant.MatchString(reason) {
		text += " (" + reason + ")"
	}
	return &assistant.Error{Kind: kindOfCode(api.Code, reason), RetryAfter: wait, Err: errors.New(text)}
}

// details returns an error body's ErrorInfo reason and RetryInfo delay, as far as it has them. The library reads them
// only where the body is an object; that of a streaming call is an array with one element.
func details(body string) (reason string, wait time.Duration) {
	type reply struct {
		Error struct {
			Details []struct {
				Type       string `json:"@type"`
				Reason     string `json:"reason"`
				RetryDelay string `json:"retryDelay"`
			} `json:"details"`
		} `json:"error"`
	}
	replies := make([]reply, 1)
	if err := json.Unmarshal([]byte(body), &replies[0]); err != nil {
		if err := json.Unmarshal([]byte(body), &replies); err != nil {
			return "", 0 // not Google's: a proxy's page, perhaps; the code must do
		}
	}
	for _, r := range replies {
		for _, d := range r.Error.Details {
			switch d.Type {
			case "type.googleapis.com/google.rpc.ErrorInfo":
				reason = d.Reason
			case "type.googleapis.com/google.rpc.RetryInfo":
				if delay, err := time.ParseDuration(d.RetryDelay); err == nil {
					wait = max(0, delay)
				}
			}
		}
	}
	return reason, wait
}

// constant is the shape of an ErrorInfo reason, as google.rpc defines it.
var constant = regexp.MustCompile(`^[A-Z][A-Z0-9_]{0,62}$`)

func kindOfCode(code int, reason string) assistant.Kind {
	switch {
	case reason == "API_KEY_INVALID", code == http.StatusUnauthorized, code == http.StatusForbidden:
		return assistant.KindAuth
	case code == http.StatusTooManyRequests:
		return assistant.KindQuota
	case code == http.StatusNotFound:
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

// redact removes the key from text, also in the form it has in a URL.
func redact(text, key string) string {
	return strings.NewReplacer(key, "[redacted]", url.QueryEscape(key), "[redacted]").Replace(text)
}
