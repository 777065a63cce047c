package gemini

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"

	"github.com/google/generative-ai-go/genai"
	"google.golang.org/api/googleapi"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// toModelError turns any error of the library into an *assistant.Error that can be logged. It does not wrap the library's
// error, which may quote the server, and the server the prompt or the key.
func (m *Model) toModelError(ctx context.Context, err error) error {
	failed := classify(err)
	// The context decides: the library reports its end in many ways, among them a broken body.
	switch ctx.Err() {
	case context.DeadlineExceeded:
		failed = &assistant.Error{Kind: assistant.KindTimeout, Err: fmt.Errorf("no complete answer in time: %w", ctx.Err())}
	case context.Canceled:
		failed = &assistant.Error{Kind: assistant.KindCancelled, Err: fmt.Errorf("the caller went away: %w", ctx.Err())}
	}
	for _, key := range []string{m.config.APIKey, m.config.CurrentKey()} {
		if text := failed.Err.Error(); strings.Contains(text, key) {
			failed.Err = errors.New(redact(text, key))
		}
	}
	return failed
}

// classify returns an error with its kind, and without free text of the server.
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
	case errors.Is(err, errCallerStopped):
		return &assistant.Error{Kind: assistant.KindCancelled, Err: errCallerStopped}
	case errors.Is(err, errNoPrompt):
		return &assistant.Error{Kind: assistant.KindInvalid, Err: err}
	case errors.Is(err, errBrokenOff), errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &address):
		return &assistant.Error{Kind: assistant.KindTruncated, Err: errBrokenOff}
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
		// A decoding error would quote its input.
		return &assistant.Error{Kind: assistant.KindUnknown, Err: fmt.Errorf("the answer could not be read (%T)", err)}
	}
}

// redact removes the key from text, also in the form it has in a URL.
func redact(text, key string) string {
	return strings.NewReplacer(key, "[redacted]", url.QueryEscape(key), "[redacted]").Replace(text)
}
