package openai

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// streamError is an error within a successful response.
type streamError struct{ fault fault }

func (e *streamError) Error() string { return "the server reported an error within its answer" }

// callError returns the error of a call without an answer. What happened after the answer's end does not matter, unless
// it is the server's own error or the caller's.
func (c *Client) callError(ctx context.Context, call *upstream.Call, err error, ended bool) *assistant.Error {
	var within *streamError
	switch {
	case call.Status != 0 && call.Status/100 != http.StatusOK/100:
		return c.toError(call, call.Status, readFault(call.ErrorBody))
	case errors.As(err, &within):
		return c.toError(call, 0, within.fault)
	case err == nil, ended && !errors.Is(err, upstream.ErrCallerStopped):
		return nil
	}
	if interrupted := call.Interrupted(ctx, err); interrupted != nil {
		return interrupted
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return assistant.NewError(assistant.KindTruncated, "the answer broke off")
	}
	return assistant.NewError(assistant.KindUnknown, "the answer cannot be read") // the library's error quotes it
}

// toError names the server's error by its status, code and parameter. Its message may quote the conversation.
func (c *Client) toError(call *upstream.Call, status int, f fault) *assistant.Error {
	text := "the API reported an error within its answer"
	if status != 0 {
		text = strings.TrimSpace(fmt.Sprintf("the API answered %d %s", status, http.StatusText(status)))
	}
	names := f.names()
	if key := c.key(); key != "" && strings.Contains(names, key) {
		names = ""
	}
	out := assistant.NewError(f.kind(status), text+names)
	if out.Kind != assistant.KindQuotaDay { // a delay of seconds does not bring it back
		out.RetryAfter = upstream.RetryAfter(call.Header, time.Now())
	}
	return out
}

var (
	// codePattern is the form of codes and types, such as model_not_found and BadRequestError.
	codePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)
	// paramPattern is the form of a field's path, such as messages[0].content or tools.0.function.
	paramPattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}(\[[0-9]{1,4}\]|\.[a-z0-9_]{1,32}|\.\[[0-9]{1,4}\]){0,8}$`)
)

// names returns what can be said of a fault.
func (f fault) names() string {
	var said []string
	switch {
	case codePattern.MatchString(f.code):
		said = append(said, "code "+f.code)
	case codePattern.MatchString(f.typ) && f.typ != "None":
		said = append(said, "type "+f.typ)
	}
	if paramPattern.MatchString(f.param) {
		said = append(said, "param "+f.param)
	}
	if len(said) == 0 {
		return ""
	}
	return " (" + strings.Join(said, ", ") + ")"
}
