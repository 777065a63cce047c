package httpapi

import (
	"encoding/json"
	"io"
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// completionRequest is a validated request for a completion.
type completionRequest struct {
	model                string
	request              assistant.Request
	stream, includeUsage bool
}

const (
	completionShape = `one JSON object with at least "model" and "messages"`
	// maxStops is the number of stop sequences that OpenAI allows; Gemini allows one more.
	maxStops = 4
)

// decodeCompletion reads and checks the body of POST /v1/chat/completions. Its errors name the invalid parameter and do
// not quote it.
func decodeCompletion(body io.Reader, limits Limits) (completionRequest, error) {
	var in completionRequest
	var p parameters
	if err := decodeOne(body, &p); err != nil {
		return in, bodyError(err, completionShape)
	}
	var messages []wireMessage
	for _, step := range []func() error{
		p.check,
		func() error { return p.read("model", &in.model, "a string") },
		func() error { return p.read("messages", &messages, "an array of messages, each with role and content") },
		func() error { return in.readStream(p) },
		func() error { return readOptions(&in.request.Options, p) },
	} {
		if err := step(); err != nil {
			return in, err
		}
	}
	if in.model == "" {
		return in, parameterError("model", "missing_required_parameter", "The parameter model is missing; GET /v1/models lists them.")
	}
	return in, in.setMessages(messages, limits)
}

func (in *completionRequest) readStream(p parameters) error {
	if err := p.read("stream", &in.stream, "true or false"); err != nil {
		return err
	}
	var options struct {
		IncludeUsage bool `json:"include_usage"`
	}
	if err := p.read("stream_options", &options, "an object such as {\"include_usage\": true}"); err != nil {
		return err
	}
	if !isNull(p["stream_options"]) && !in.stream {
		return parameterError("stream_options", "invalid_value", "The parameter stream_options is for requests with stream true only.")
	}
	in.includeUsage = options.IncludeUsage
	return nil
}

func readOptions(o *assistant.Options, p parameters) error {
	var maxTokens *int
	for _, err := range []error{
		p.read("temperature", &o.Temperature, "a number"),
		p.read("top_p", &o.TopP, "a number"),
		p.read("max_completion_tokens", &o.MaxTokens, "a whole number"),
		p.read("max_tokens", &maxTokens, "a whole number"),
	} {
		if err != nil {
			return err
		}
	}
	switch {
	case maxTokens != nil && o.MaxTokens != nil && *maxTokens != *o.MaxTokens:
		return parameterError("max_tokens", "invalid_value", "Give max_completion_tokens or max_tokens, its old name, not both.")
	case maxTokens != nil:
		o.MaxTokens = maxTokens
	}
	switch {
	case o.Temperature != nil && (*o.Temperature < 0 || *o.Temperature > 2):
		return parameterError("temperature", "invalid_value", "The temperature must be 0 to 2.")
	case o.TopP != nil && (*o.TopP < 0 || *o.TopP > 1):
		return parameterError("top_p", "invalid_value", "The top_p must be 0 to 1.")
	case o.MaxTokens != nil && *o.MaxTokens < 1:
		return parameterError("max_completion_tokens", "invalid_value", "The maximum number of tokens must be 1 or more.")
	}
	return readStop(o, p)
}

// readStop reads a string or an array of strings.
func readStop(o *assistant.Options, p parameters) error {
	raw := p["stop"]
	if len(raw) > 0 && raw[0] == '"' {
		raw = slices.Concat(json.RawMessage("["), raw, json.RawMessage("]"))
	}
	const expected = "a string, or an array of up to 4 strings, none of them empty"
	if err := (parameters{"stop": raw}).read("stop", &o.Stop, expected); err != nil {
		return err
	}
	if len(o.Stop) > maxStops || slices.Contains(o.Stop, "") {
		return parameterError("stop", "invalid_value", "The parameter stop must be "+expected+".")
	}
	return nil
}
