package openai

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// model is an assistant.Model.
type model struct {
	client *Client
	name   string
}

// Name returns the configured name.
func (m *model) Name() string { return m.name }

// Provider returns the gen_ai.provider.name of OpenTelemetry's conventions.
func (m *model) Provider() string { return "openai" }

// Generate returns the complete answer to r. Its error is an *assistant.Error, with what is known of the answer. Every
// call is a stream: so text arrives early, and silence can be told from thinking.
func (m *model) Generate(ctx context.Context, r assistant.Request, emit func(assistant.Delta) error) (assistant.Answer, error) {
	body, err := m.client.toOpenAI(m.name, r)
	if err != nil {
		return assistant.Answer{}, &assistant.Error{Kind: assistant.KindInvalid, Err: err}
	}
	ctx, call := m.client.upstream.Begin(ctx, m.name)
	defer call.End()
	a := answer{emit: emit}
	err = m.stream(ctx, call, body, &a)
	failed := m.client.failure(ctx, call, &a, err)
	if failed != nil {
		return a.result(), failed
	}
	return a.result(), nil
}

// stream sends the request and adds what comes to the answer.
func (m *model) stream(ctx context.Context, call *upstream.Call, body any, a *answer) error {
	var resp *http.Response
	// The service's own streaming method takes an error of null for an error, and drops an event without its last line.
	if err := m.client.api.Post(ctx, "chat/completions", body, &resp); err != nil {
		return err
	}
	defer resp.Body.Close()
	if call.Status/100 != http.StatusOK/100 {
		return nil // the status says what is wrong
	}
	if err := readEvents(resp, a.add); err != nil {
		return err
	}
	drain(resp.Body)
	return a.complete()
}

// drainTime is how long a server may take to end its response after its last event.
const drainTime = 50 * time.Millisecond

// drain reads a response to its end, so that its connection can be used again.
func drain(body io.ReadCloser) {
	timer := time.AfterFunc(drainTime, func() { _ = body.Close() })
	defer timer.Stop()
	_, _ = io.CopyN(io.Discard, body, 4<<10)
}

// failure returns the error of a call that ended, nil if it has an answer.
func (c *Client) failure(ctx context.Context, call *upstream.Call, a *answer, err error) *assistant.Error {
	if err := c.callError(ctx, call, err, a.finish != ""); err != nil {
		return err
	}
	switch {
	case a.finish == assistant.FinishBlocked:
		return assistant.NewError(assistant.KindBlocked, "the answer was blocked: content_filter")
	case a.finish == "" && !a.started && !isEventStream(call.Header):
		return assistant.NewError(assistant.KindUnknown, "the answer cannot be read")
	case a.finish == "":
		return assistant.NewError(assistant.KindTruncated, "the answer ended without a finish reason")
	case a.finish == assistant.FinishOther && a.isEmpty():
		return assistant.NewError(assistant.KindUnknown, "there is no answer, for a reason that has no name")
	}
	return nil
}
