package httpapi

import (
	"io"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// completionRequest is a validated request for a completion.
type completionRequest struct {
	model                string
	request              assistant.Request
	stream, includeUsage bool
}

const completionShape = `one JSON object with at least "model" and "messages"`

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
		func() error { return p.check(completionParameters) },
		func() error { return p.readModel(&in.model) },
		func() error { return p.read("messages", &messages, "an array of messages, each with role and content") },
		func() error { return in.readStream(p) },
		func() error { return readOptions(&in.request.Options, p) },
		func() error { return in.readTools(p) },
		func() error { return readFormat(&in.request.Format, p) },
	} {
		if err := step(); err != nil {
			return in, err
		}
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
