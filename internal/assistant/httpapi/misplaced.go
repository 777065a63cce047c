package httpapi

import (
	"net/http"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// misplacedPaths are paths of OpenAI's API that are not served, each with the way to what is. No slash ends them.
var misplacedPaths = map[string]string{
	"/v1/responses":     "The Responses API is not served; use POST /v1/chat/completions.",
	"/v1/completions":   "Completions of a bare prompt are not served; use POST /v1/chat/completions.",
	"/chat/completions": "There is nothing at this path; the base URL of the client must end in /v1.",
	"/completions":      "There is nothing at this path; the base URL of the client must end in /v1.",
	"/responses":        "There is nothing at this path; the base URL of the client must end in /v1.",
	"/embeddings":       "There is nothing at this path; the base URL of the client must end in /v1.",
	"/models":           "There is nothing at this path; the base URL of the client must end in /v1.",
}

// errMisplaced returns the error of a client of OpenAI's API that asks at the wrong place.
func errMisplaced(path string) (*httpError, bool) {
	message, ok := misplacedPaths[strings.TrimSuffix(path, "/")]
	if !ok {
		return nil, false
	}
	return &httpError{status: http.StatusNotFound, kind: assistant.KindNotFound, message: message}, true
}

// errNothingAt returns the error of a path that no route serves.
func errNothingAt(path string) *httpError {
	if err, ok := errMisplaced(path); ok {
		return err
	}
	return errNoRoute
}
