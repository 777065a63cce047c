package gemini

import (
	"context"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/upstream"
)

// Lookup asks for a model by name. Its error is an *assistant.Error; of KindNotFound, it is certain that the vendor does
// not have the model.
func (c *Client) Lookup(ctx context.Context, name string) error {
	ctx, call := c.upstream.Begin(ctx, "")
	defer call.End()
	_, err := c.models.GenerativeModel(name).Info(ctx)
	if err == nil {
		return nil
	}
	return callError(ctx, call, err)
}

// callError returns the error of a call that is no stream.
func callError(ctx context.Context, call *upstream.Call, err error) error {
	if call.ErrorBody != nil {
		return fromAPI(call)
	}
	if interrupted := call.Interrupted(ctx, err); interrupted != nil {
		return interrupted
	}
	return assistant.NewError(assistant.KindUnknown, "the answer cannot be read") // the library's error may quote it
}
