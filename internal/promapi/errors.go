package promapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// errForeign is about an answer that is JSON, but not of the Prometheus API.
var errForeign = errors.New("the answer is not the Prometheus API's: check the URL")

// errTooLarge is about an answer of which no more is read, for memory's sake.
var errTooLarge = fmt.Errorf("the answer is larger than %d MiB: let the expression give fewer series, as with sum by (...)", maxAnswer>>20)

// IsRefused reports whether the server answered, and it is the expression that is at fault: asking again gives the same.
func IsRefused(err error) bool {
	var answer *prometheusv1.Error
	return errors.Is(err, errTooLarge) ||
		errors.As(err, &answer) && (answer.Type == prometheusv1.ErrBadData || answer.Type == prometheusv1.ErrExec)
}

// capped reads no more of an answer than maxAnswer.
type capped struct{ http.RoundTripper }

// RoundTrip is as http.RoundTripper has it.
func (c capped) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = &cappedBody{ReadCloser: resp.Body, left: maxAnswer}
	}
	return resp, err
}

type cappedBody struct {
	io.ReadCloser
	left int
}

// Read is as io.Reader has it.
func (b *cappedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}

// explain says what was being asked and what to do about the error. The bearer token is in no error: the client library
// quotes the URL, never a header, and the body of an answer that is not the API's own is left out.
func (c *Client) explain(what string, err error) error {
	var answer *prometheusv1.Error
	var syntax *json.SyntaxError
	advice := ""
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		advice = fmt.Sprintf(" (no answer within %s: it is overloaded, or a network policy is in the way)", c.timeout)
	case errors.As(err, &answer):
		advice = adviseOn(answer)
	case errors.As(err, &syntax):
		advice = " (the answer is not the Prometheus API's: check the URL)"
	}
	return fmt.Errorf("%s Prometheus: %w%s", what, err, advice)
}

// adviseOn says what to do about an answer that is an error; nothing where the server's own words do.
func adviseOn(answer *prometheusv1.Error) string {
	switch {
	case strings.HasSuffix(answer.Msg, " 401"), strings.HasSuffix(answer.Msg, " 403"):
		return " (check the bearer token file, and that the token may query)"
	case strings.HasSuffix(answer.Msg, " 404"), answer.Type == prometheusv1.ErrBadResponse:
		return " (check the URL: it must be the base under which api/v1/query is found)"
	case strings.HasSuffix(answer.Msg, " 503"):
		return " (it is starting, or replaying its write-ahead log)"
	default:
		return ""
	}
}
