package promapi

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode"

	prometheusv1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

const (
	// maxError is how much is read of an answer that is an error, in bytes, and maxReason how much of it people are told.
	maxError  = 64 << 10
	maxReason = 200
)

// errForeign is about an answer that is JSON, but not of the Prometheus API.
var errForeign = errors.New("the answer is not the Prometheus API's: check the URL")

// errTooLarge is about an answer of which no more is read, for memory's sake.
var errTooLarge = fmt.Errorf("the answer is larger than %d MiB: let the expression give fewer series, as with sum by (...)", maxAnswer>>20)

// tooMuch are what servers say of a range query that would be answered over a shorter range: Prometheus' --query.max-samples, and the
// limits of Mimir and Thanos on series, chunks and lengths.
var tooMuch = []string{"too many samples", "exceeded the maximum number of", "exceeds the limit", "exceeded chunks limit", "exceeded series limit"}

// isTooMuch reports whether a part of the range may be answered where the whole was not.
func isTooMuch(err error) bool {
	var answer *prometheusv1.Error
	return errors.Is(err, errTooLarge) || errors.As(err, &answer) &&
		slices.ContainsFunc(tooMuch, func(text string) bool { return strings.Contains(answer.Msg+answer.Detail, text) })
}

// ErrPartial is about an answer in which series may be absent, as Thanos gives it while one of its stores is away. Nothing true can
// be counted from it.
var ErrPartial = errors.New("the answer is partial")

// partial is the error that the warnings of an answer are. Those that begin with PromQL are about the expression.
func partial(warnings prometheusv1.Warnings) error {
	for _, warning := range warnings {
		if !strings.HasPrefix(warning, "PromQL ") {
			return fmt.Errorf("%w: %s (try again when all stores are back, or ask one that has the series itself)", ErrPartial, reason(warning))
		}
	}
	return nil
}

// IsRefused reports whether the server answered, and it is the expression that is at fault: asking again gives the same.
func IsRefused(err error) bool {
	var answer *prometheusv1.Error
	return errors.Is(err, errTooLarge) ||
		errors.As(err, &answer) && (answer.Type == prometheusv1.ErrBadData || answer.Type == prometheusv1.ErrExec) && !isAgent(answer)
}

// isExecution reports whether the server could read the expression, but not evaluate it over that range.
func isExecution(err error) bool {
	var answer *prometheusv1.Error
	return errors.As(err, &answer) && answer.Type == prometheusv1.ErrExec && !isAgent(answer)
}

// isAgent reports whether the server cannot answer because it only forwards samples.
func isAgent(answer *prometheusv1.Error) bool {
	return strings.Contains(answer.Msg, "Prometheus Agent")
}

// capped reads no more of an answer than so many bytes.
type capped struct {
	http.RoundTripper
	maxAnswer int
}

// RoundTrip is as http.RoundTripper has it.
func (c capped) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := c.RoundTripper.RoundTrip(req)
	if err == nil {
		resp.Body = &cappedBody{ReadCloser: resp.Body, left: c.maxAnswer}
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

// discreet cuts short an answer that is an error, and empties one that repeats part of a secret that was sent.
type discreet struct {
	http.RoundTripper
	secretHeaders []string
}

// RoundTrip is http.RoundTripper's.
func (d discreet) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := d.RoundTripper.RoundTrip(req)
	if err != nil || resp.StatusCode < http.StatusBadRequest {
		return resp, err
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxError))
	resp.Body.Close()
	// The request that was sent, unlike the one that was given, has the secrets.
	if err != nil || resp.Request == nil ||
		slices.ContainsFunc(secretsOf(resp.Request, d.secretHeaders), func(secret string) bool { return repeats(string(body), secret) }) {
		body = nil
	}
	if expectsJSON(resp.StatusCode) && !json.Valid(body) {
		// The client library would only say that this is no JSON.
		body, _ = json.Marshal(map[string]string{"status": "error", "errorType": string(prometheusv1.ErrClient), "error": reason(string(body))})
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return resp, nil
}

// repeats reports whether the text holds a part of the secret that is long enough to be of use to anybody.
func repeats(text, secret string) bool {
	const enough = 6
	if len(secret) <= enough {
		return secret != "" && strings.Contains(text, secret)
	}
	for i := range len(secret) - enough + 1 {
		if strings.Contains(text, secret[i:i+enough]) {
			return true
		}
	}
	return false
}

// expectsJSON reports whether an answer with that status is an error of the Prometheus API's own.
func expectsJSON(status int) bool {
	return status == http.StatusBadRequest || status == http.StatusUnprocessableEntity
}

// answerError is the error that an answer with that status is, told from its body as the client library does.
func answerError(status int, body []byte) error {
	var answer struct {
		ErrorType prometheusv1.ErrorType `json:"errorType"`
		Error     string                 `json:"error"`
	}
	if expectsJSON(status) && json.Unmarshal(body, &answer) == nil && answer.ErrorType != "" {
		return &prometheusv1.Error{Type: answer.ErrorType, Msg: answer.Error}
	}
	kind := prometheusv1.ErrServer
	if status < http.StatusInternalServerError {
		kind = prometheusv1.ErrClient
	}
	return &prometheusv1.Error{Type: kind, Msg: fmt.Sprintf("status %d", status), Detail: string(body)}
}

// reason is what the body of an error says, in one short line: the text of JSON, or plain text; empty for a page.
func reason(body string) string {
	var answer struct{ Error, Message string }
	if json.Unmarshal([]byte(body), &answer) == nil {
		body = cmp.Or(answer.Error, answer.Message)
	}
	line := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(body, ""))
	line = strings.Join(strings.Fields(line), " ")
	if strings.HasPrefix(line, "<") || strings.HasPrefix(line, "{") {
		return ""
	}
	if len(line) > maxReason {
		line = strings.ToValidUTF8(line[:maxReason], "") + "..."
	}
	return line
}

// explain says what was being asked, why that failed, and what to do about it. No secret is in an error: the client
// library quotes the URL, never a header, and discreet empties an answer that repeats one.
func (c *Client) explain(what string, err error) error {
	var answer *prometheusv1.Error
	var syntax *json.SyntaxError
	var unverified *tls.CertificateVerificationError
	advice := ""
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		advice = fmt.Sprintf(" (no answer within %s: it is overloaded, or a network policy is in the way)", c.timeout)
	case errors.As(err, &answer):
		says := reason(answer.Detail)
		advice = adviseOn(answer, strings.ToLower(answer.Msg+" "+says))
		if says != "" {
			advice = ": " + says + advice
		}
	case errors.As(err, &unverified):
		advice = " (name its CA in the CA file, or in tls_config of the HTTP configuration file)"
	case strings.Contains(err.Error(), "tls: certificate required"), strings.Contains(err.Error(), "remote error: tls: bad certificate"):
		advice = " (it asks for a client certificate: name cert_file and key_file in tls_config of the HTTP configuration file)"
	case errors.As(err, &syntax):
		advice = " (the answer is not the Prometheus API's: check the URL)"
	}
	return fmt.Errorf("%s: %w%s", what, err, advice)
}

// adviseOn says what to do about an answer that is an error; nothing where the server's own words do. says is what it said, in lower
// case.
func adviseOn(answer *prometheusv1.Error, says string) string {
	switch {
	case isAgent(answer):
		return " (it runs in agent mode and evaluates no rules: use the URL of a Prometheus server, or of the one that gets its samples)"
	case strings.Contains(says, "no org id"), strings.Contains(says, "x-scope-orgid"):
		return " (it asks for a tenant: name X-Scope-OrgID in http_headers of the HTTP configuration file)"
	case strings.Contains(says, "query parameter must be provided"):
		return " (add the parameter to the URL, as in ?namespace=NAME)"
	case strings.HasSuffix(answer.Msg, " 401"):
		return " (it does not know who asks: check the token file, or basic_auth in the HTTP configuration file)"
	case strings.HasSuffix(answer.Msg, " 403"):
		return " (it knows who asks, who may not query: check what the token or user may read)"
	case strings.HasSuffix(answer.Msg, " 404"), answer.Type == prometheusv1.ErrBadResponse:
		return " (check the URL: it must be the base under which api/v1/query is found)"
	case strings.HasSuffix(answer.Msg, " 503"):
		return " (it is starting, or replaying its write-ahead log)"
	default:
		return ""
	}
}
