package httpapi

import (
	"net/http"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// postCompletion answers a conversation that the client keeps, whole or as a stream.
func (a *API) postCompletion(w http.ResponseWriter, r *http.Request) error {
	body, err := a.jsonBody(w, r)
	if err != nil {
		return err
	}
	in, err := decodeCompletion(body, a.limits)
	if err != nil {
		return err
	}
	model, ok := a.modelNamed(in.model)
	if !ok {
		return errUnknownModel
	}
	id, created := "chatcmpl-"+newID(), time.Now().Unix()
	if in.stream {
		s := newStream(w, completionChunk{ID: id, Object: "chat.completion.chunk", Created: created, Model: model.Name()})
		s.withUsage = in.includeUsage
		return a.streamCompletion(s, r, model, in.request)
	}
	answer, err := model.Generate(r.Context(), in.request, nil)
	if err = acceptBlocked(r, &answer, err); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, chatCompletion{
		ID: id, Object: "chat.completion", Created: created, Model: model.Name(),
		Choices: []completionChoice{{Message: messageOf(answer), FinishReason: finishReason(answer)}},
		Usage:   usageOf(answer.Usage),
	})
}

// streamCompletion sends an answer as it comes. Nothing is sent before its first part or the first sign of life, so that
// a call that fails at once is answered with its own status.
func (a *API) streamCompletion(s *stream, r *http.Request, model assistant.Model, request assistant.Request) error {
	answer, err := a.generateAlive(s, r, model, request)
	if err = acceptBlocked(r, &answer, err); err == nil {
		err = s.finish(answer)
	}
	if err == nil || !s.started {
		return err
	}
	// The client was told 200; metrics and logs are told how the answer ended.
	e := recordError(r, err)
	recorderOf(r.Context()).status = e.status
	_ = s.send(errorResponse(r.URL.Path, e)) // a client that left does not get it
	return nil
}

// generateAlive shows signs of life while the model is silent, and no more of them once it returns.
func (a *API) generateAlive(s *stream, r *http.Request, model assistant.Model, request assistant.Request) (assistant.Answer, error) {
	defer s.keepAlive(r.Context(), a.alive)()
	return model.Generate(r.Context(), request, s.sendPart)
}

// acceptBlocked treats an answer that the safety filter ended as an answer, as OpenAI's clients expect, and keeps the
// filter's action. It returns any other error, also that of a blocked prompt.
func acceptBlocked(r *http.Request, answer *assistant.Answer, err error) error {
	started := answer.Text != "" || answer.Finish == assistant.FinishBlocked
	if err == nil || assistant.KindOf(err) != assistant.KindBlocked || !started {
		return err
	}
	_ = recordError(r, err)
	answer.Finish = assistant.FinishBlocked
	return nil
}
