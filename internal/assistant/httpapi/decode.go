package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// jsonBody returns the request's body, up to the limit. A browser sends other types to any site without asking first.
func (a *API) jsonBody(w http.ResponseWriter, r *http.Request) (io.Reader, error) {
	if contentType := r.Header.Get("Content-Type"); contentType != "" && !isJSON(contentType) {
		return nil, errNotJSON
	}
	return http.MaxBytesReader(w, r.Body, a.limits.BodyBytes), nil
}

// isJSON reports whether a Content-Type is application/json or built on it, such as application/ld+json.
func isJSON(contentType string) bool {
	mediaType, _, _ := mime.ParseMediaType(contentType)
	return mediaType == "application/json" ||
		strings.HasPrefix(mediaType, "application/") && strings.HasSuffix(mediaType, "+json")
}

// decodeOne reads exactly one JSON value, without unknown fields. Its error is io.EOF if there is none.
func decodeOne(body io.Reader, v any) error {
	in := json.NewDecoder(body)
	in.DisallowUnknownFields()
	if err := in.Decode(v); err != nil {
		return err
	}
	switch _, err := in.Token(); {
	case err == nil:
		return errors.New("more than one JSON value")
	case errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}

func invalidRequest(message string) *httpError {
	return &httpError{status: http.StatusBadRequest, kind: assistant.KindInvalid, message: message}
}

// bodyError returns the error of a body that could not be read, without quoting it; shape is what it should be.
func bodyError(err error, shape string) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return &httpError{
			status: http.StatusRequestEntityTooLarge, kind: kindTooLarge,
			message: fmt.Sprintf("The body is larger than %d bytes; send less.", tooLarge.Limit),
		}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &httpError{
			status: http.StatusRequestTimeout, kind: assistant.KindTimeout, message: "The body did not arrive in time.",
		}
	case errors.Is(err, io.EOF):
		return invalidRequest("The body is empty; it must be " + shape + ".")
	default:
		return invalidRequest("The body must be " + shape + ".")
	}
}
