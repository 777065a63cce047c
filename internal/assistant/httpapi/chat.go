package httpapi

import (
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

const (
	chatPath    = "/chat"
	sessionPath = "/chat/{session_id}"
)

type chatRequest struct {
	// SessionID continues a conversation. It may be chosen by the client; without one a new conversation begins.
	SessionID string `json:"session_id"`
	Message   string `json:"message"`
}

type chatResponse struct {
	SessionID string    `json:"session_id"`
	Reply     string    `json:"reply"`
	Model     string    `json:"model"`
	Usage     chatUsage `json:"usage"`
}

// chatUsage is in tokens, as the vendor counted them; zeros if it did not.
type chatUsage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"`
}

func (a *API) chatRoutes() []route {
	return []route{
		{http.MethodPost, chatPath, a.postChat},
		{http.MethodDelete, sessionPath, a.deleteChat},
	}
}

// postChat answers one message and remembers both. A call that fails is not remembered: the message can be sent again.
func (a *API) postChat(w http.ResponseWriter, r *http.Request) {
	in, err := decodeChat(a.limited(w, r), a.limits)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if in.SessionID == "" {
		in.SessionID = newID()
	}
	session := sessionKey(r.Context(), in.SessionID)
	history, err := a.sessions.History(r.Context(), session)
	if err != nil {
		a.fail(w, r, fmt.Errorf("loading the session: %w", err))
		return
	}
	model := a.models[0]
	asked := assistant.Message{Role: assistant.RoleUser, Text: in.Message}
	messages := append(slices.Clip(a.limits.newest(history)), asked)
	answer, err := model.Generate(r.Context(), assistant.Request{Messages: messages}, nil)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answered := assistant.Message{Role: assistant.RoleModel, Text: answer.Text}
	if err := a.sessions.Append(r.Context(), session, asked, answered); err != nil {
		a.fail(w, r, fmt.Errorf("saving the session: %w", err))
		return
	}
	writeJSON(w, http.StatusOK, chatResponse{
		SessionID: in.SessionID, Reply: answer.Text, Model: model.Name(),
		Usage: chatUsage{answer.Usage.PromptTokens, answer.Usage.CompletionTokens},
	})
}

// deleteChat forgets a session. One that is unknown or has expired is forgotten too: the answer is the same, so that a
// request may be sent again, and tells nobody which sessions there are.
func (a *API) deleteChat(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("session_id")
	if !validID.MatchString(id) {
		a.fail(w, r, errSessionID)
		return
	}
	if err := a.sessions.Delete(r.Context(), sessionKey(r.Context(), id)); err != nil {
		a.fail(w, r, fmt.Errorf("deleting the session: %w", err))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

const chatShape = `one JSON object with the strings "message" and, if need be, "session_id"`

var errSessionID = invalid("The session_id must be 1 to 128 letters, digits, dots, dashes and underscores.")

// decodeChat reads and checks the body of POST /chat. Its errors do not quote it.
func decodeChat(body io.Reader, limits Limits) (chatRequest, error) {
	var in chatRequest
	err := decodeOne(body, &in)
	switch {
	case err != nil:
		return in, badBody(err, chatShape)
	case strings.TrimSpace(in.Message) == "":
		return in, invalid("The message is empty.")
	case in.SessionID != "" && !validID.MatchString(in.SessionID):
		return in, errSessionID
	}
	return in, limits.checkPrompt(in.Message)
}
