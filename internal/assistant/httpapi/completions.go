package httpapi

import (
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

const completionsPath = "/v1/chat/completions"

func (a *API) completionRoutes() []route {
	return []route{{http.MethodPost, completionsPath, a.postCompletion}}
}

// postCompletion answers a conversation that the client keeps, whole or as a stream.
func (a *API) postCompletion(w http.ResponseWriter, r *http.Request) {
	in, err := decodeCompletion(a.limited(w, r), a.limits)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	model, ok := a.modelNamed(in.model)
	if !ok {
		a.fail(w, r, errUnknownModel)
		return
	}
	id, created := "chatcmpl-"+newID(), time.Now().Unix()
	if in.stream {
		s := &stream{
			out: http.NewResponseController(w), w: w, withUsage: in.includeUsage,
			head: completionChunk{ID: id, Object: "chat.completion.chunk", Created: created, Model: model.Name()},
		}
		a.streamCompletion(s, r, model, in.request)
		return
	}
	answer, err := model.Generate(r.Context(), in.request, nil)
	if err = a.cutShort(r, &answer, err); err != nil {
		a.fail(w, r, err)
		return
	}
	writeJSON(w, http.StatusOK, chatCompletion{
		ID: id, Object: "chat.completion", Created: created, Model: model.Name(),
		Choices: []completionChoice{{
			Message:      completionMessage{Role: "assistant", Content: answer.Text},
			FinishReason: finishReason(answer.Finish),
		}},
		Usage: usageOf(answer.Usage),
	})
}

// streamCompletion sends an answer as it comes. Until the first of its text is there, nothing is sent, so that a call
// that fails at once has its own status.
func (a *API) streamCompletion(s *stream, r *http.Request, model assistant.Model, request assistant.Request) {
	answer, err := model.Generate(r.Context(), request, s.text)
	if err = a.cutShort(r, &answer, err); err == nil {
		err = s.end(answer)
	}
	switch {
	case err == nil:
	case !s.begun:
		a.fail(s.w, r, err)
	default:
		// The client has been told 200; metrics and logs are told how it ended.
		f := a.note(r, err)
		noteStatus(r.Context(), f.status)
		_ = s.send(errorJSON(r.URL.Path, f)) // a client that left does not get it
	}
}

// cutShort takes an answer that the safety filter ended for what it is to OpenAI's clients: an answer, though the
// filter's action is still counted. Any other error it returns, also that of a prompt that the filter refused.
func (a *API) cutShort(r *http.Request, answer *assistant.Answer, err error) error {
	begun := answer.Text != "" || answer.Finish == assistant.FinishBlocked
	if err == nil || assistant.KindOf(err) != assistant.KindBlocked || !begun {
		return err
	}
	_ = a.note(r, err)
	answer.Finish = assistant.FinishBlocked
	return nil
}
