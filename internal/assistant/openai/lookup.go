package openai

import (
	"context"
	"net/http"
	"path"
	"strings"

	"github.com/openai/openai-go/v3"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// Lookup asks for a model by name. Its error is an *assistant.Error; of KindNotFound, it is certain that the server does
// not have the model: it says so by a code, or it lists other models only.
func (c *Client) Lookup(ctx context.Context, name string) error {
	ctx, call := c.upstream.Begin(ctx, "")
	defer call.End()
	_, err := c.api.Models.Get(ctx, name)
	failed := c.callError(ctx, call, err, false)
	if failed == nil {
		return nil
	}
	if !mayLackRoute(call.Status) || strings.EqualFold(readFault(call.ErrorBody).code, "model_not_found") {
		return failed
	}
	return c.lookupInList(ctx, name)
}

// mayLackRoute reports whether a server may lack the route of a model, as vLLM does.
func mayLackRoute(status int) bool {
	return status == http.StatusNotFound || status == http.StatusMethodNotAllowed || status == http.StatusNotImplemented
}

// lookupInList looks for a model among all. An empty list says nothing: a key may not see it.
func (c *Client) lookupInList(ctx context.Context, name string) error {
	ctx, call := c.upstream.Begin(ctx, "")
	defer call.End()
	page, err := c.api.Models.List(ctx)
	if err := c.callError(ctx, call, err, false); err != nil {
		if err.Kind == assistant.KindNotFound { // the address is wrong, not the name
			err.Kind = assistant.KindUnknown
		}
		return err
	}
	if page == nil || len(page.Data) == 0 {
		return assistant.NewError(assistant.KindUnknown, "the server lists no models")
	}
	for _, m := range page.Data {
		if isModel(m, name) {
			return nil
		}
	}
	return assistant.NewError(assistant.KindNotFound, "the server does not list the model")
}

// isModel reports whether an entry of a list is the model. Ollama lists llama3 as llama3:latest, LiteLLM every model of a
// provider as openai/*.
func isModel(m openai.Model, name string) bool {
	if m.ID == name || m.ID == name+":latest" {
		return true
	}
	if strings.Contains(m.ID, "*") {
		matches, err := path.Match(strings.ReplaceAll(m.ID, "/", "\x00"), strings.ReplaceAll(name, "/", "\x00"))
		return matches && err == nil
	}
	return false
}
