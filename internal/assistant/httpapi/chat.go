package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/telemetry"
)

const chatPath = "/chat"

// maxBody is the largest request body, in bytes: some fifty thousand words.
const maxBody = 256 << 10

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

func (a *API) chatRoutes() []route { return []route{{http.MethodPost, chatPath, a.postChat}} }

// chatEndpoint lists every way a chat can end.
func chatEndpoint() telemetry.Endpoint {
	e := telemetry.Endpoint{
		Method:   http.MethodPost,
		Path:     chatPath,
		Statuses: []int{http.StatusOK, http.StatusRequestEntityTooLarge, http.StatusInternalServerError},
		Kinds:    []assistant.Kind{kindTooLarge, kindInternal},
	}
	for kind, f := range modelFailures {
		e.Statuses = append(e.Statuses, f.status)
		e.Kinds = append(e.Kinds, kind)
	}
	return e
}

// postChat answers one message and remembers both. A call that fails is not remembered: the message can be sent again.
func (a *API) postChat(w http.ResponseWriter, r *http.Request) {
	in, err := readChat(w, r)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	if in.SessionID == "" {
		in.SessionID = newID()
	}
	history, err := a.sessions.History(r.Context(), in.SessionID)
	if err != nil {
		a.fail(w, r, fmt.Errorf("loading the session: %w", err))
		return
	}
	asked := assistant.Message{Role: assistant.RoleUser, Text: in.Message}
	answer, err := a.model.Generate(r.Context(), assistant.Request{Messages: append(slices.Clip(history), asked)}, nil)
	if err != nil {
		a.fail(w, r, err)
		return
	}
	answered := assistant.Message{Role: assistant.RoleModel, Text: answer.Text}
	if err := a.sessions.Append(r.Context(), in.SessionID, asked, answered); err != nil {
		a.fail(w, r, fmt.Errorf("saving the session: %w", err))
		return
	}
	writeJSON(w, http.StatusOK, chatResponse{
		SessionID: in.SessionID, Reply: answer.Text, Model: a.model.Name(),
		Usage: chatUsage{answer.Usage.PromptTokens, answer.Usage.CompletionTokens},
	})
}

// readChat reads and checks the body. Its errors do not quote it.
func readChat(w http.ResponseWriter, r *http.Request) (chatRequest, error) {
	var in chatRequest
	err := decodeOne(http.MaxBytesReader(w, r.Body, maxBody), &in)
	switch {
	case err != nil:
		return in, badBody(err)
	case strings.TrimSpace(in.Message) == "":
		return in, invalid("The message is empty.")
	case in.SessionID != "" && !validID.MatchString(in.SessionID):
		return in, invalid("The session_id must be 1 to 128 letters, digits, dots, dashes and underscores.")
	}
	return in, nil
}

// decodeOne reads exactly one JSON value, without fields that v does not have. Its error is io.EOF if there is none.
func decodeOne(body io.Reader, v any) error {
	in := json.NewDecoder(body)
	in.DisallowUnknownFields()
	if err := in.Decode(v); err != nil {
		return err
	}
	switch _, err := in.Token(); {
	case err == nil:
		return errors.New("more than one JSON value")
	case errors.Is(err, io.EOF):
		return nil
	default:
		return err
	}
}

func invalid(message string) *failure {
	return &failure{http.StatusBadRequest, assistant.KindInvalid, message}
}

// badBody says what is wrong with a body that could not be read.
func badBody(err error) error {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		message := fmt.Sprintf("The body is larger than %d bytes.", maxBody)
		return &failure{http.StatusRequestEntityTooLarge, kindTooLarge, message}
	case errors.Is(err, os.ErrDeadlineExceeded):
		return &failure{http.StatusRequestTimeout, assistant.KindTimeout, "The body did not arrive in time."}
	case errors.Is(err, io.EOF):
		return invalid(`The body is empty; it must be JSON such as {"message": "Hello"}.`)
	default:
		return invalid(`The body must be one JSON object with the strings "message" and, if need be, "session_id".`)
	}
}
