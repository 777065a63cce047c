package httpapi

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

type chatRequest struct {
	// SessionID continues a conversation; the client may choose it. Without one a new conversation starts.
	SessionID string `json:"session_id"`
	Message   string `json:"message"`
}

type chatResponse struct {
	SessionID string    `json:"session_id"`
	Reply     string    `json:"reply"`
	Model     string    `json:"model"`
	Usage     chatUsage `json:"usage"`
}

// chatUsage is in tokens, as the vendor counted them; zero if it did not.
type chatUsage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
}

// postChat answers one message and stores both. A call that fails is not stored: the message can be sent again.
func (a *API) postChat(w http.ResponseWriter, r *http.Request) error {
	body, err := a.jsonBody(w, r)
	if err != nil {
		return err
	}
	in, err := decodeChat(body, a.limits)
	if err != nil {
		return err
	}
	if in.SessionID == "" {
		in.SessionID = newID()
	}
	session := sessionKey(r.Context(), in.SessionID)
	history, err := a.sessions.History(r.Context(), session)
	if err != nil {
		return fmt.Errorf("loading the session: %w", err)
	}
	model := a.models[0]
	question := assistant.NewText(assistant.RoleUser, in.Message)
	messages := append(slices.Clip(a.limits.latest(history)), question)
	answer, err := model.Generate(r.Context(), assistant.Request{Messages: messages}, nil)
	if err != nil {
		return err
	}
	reply := assistant.NewText(assistant.RoleModel, answer.Text)
	if err := a.sessions.Append(r.Context(), session, question, reply); err != nil {
		return fmt.Errorf("saving the session: %w", err)
	}
	return writeJSON(w, http.StatusOK, chatResponse{
		SessionID: in.SessionID, Reply: answer.Text, Model: model.Name(),
		Usage: chatUsage{answer.Usage.PromptTokens, answer.Usage.CompletionTokens},
	})
}

// deleteChat deletes a session. The answer is the same for one that is unknown, so that a request may be repeated and
// does not reveal which sessions exist.
func (a *API) deleteChat(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("session_id")
	if !idPattern.MatchString(id) {
		return errSessionID
	}
	if err := a.sessions.Delete(r.Context(), sessionKey(r.Context(), id)); err != nil {
		return fmt.Errorf("deleting the session: %w", err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

const chatShape = `one JSON object with the strings "message" and, if need be, "session_id"`

var errSessionID = invalidRequest("The session_id must be 1 to 128 letters, digits, dots, dashes and underscores.")

// decodeChat reads and checks the body of POST /chat. Its errors do not quote it.
func decodeChat(body io.Reader, limits Limits) (chatRequest, error) {
	var in chatRequest
	err := decodeOne(body, &in)
	switch {
	case err != nil:
		return in, bodyError(err, chatShape)
	case strings.TrimSpace(in.Message) == "":
		return in, invalidRequest("The message is empty.")
	case in.SessionID != "" && !idPattern.MatchString(in.SessionID):
		return in, errSessionID
	}
	return in, limits.checkPrompt(in.Message)
}
