package httpapi

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// wireMessage is a message of OpenAI's API. Its other fields, such as name, are ignored.
type wireMessage struct {
	Role         string          `json:"role"`
	Content      json.RawMessage `json:"content"`
	ToolCalls    json.RawMessage `json:"tool_calls"`
	FunctionCall json.RawMessage `json:"function_call"`
	Audio        json.RawMessage `json:"audio"`
}

// setMessages sets the request's messages. It joins those of system and developer, since there is one system
// instruction, and leaves out messages without text.
func (in *completionRequest) setMessages(messages []wireMessage, limits Limits) error {
	if err := limits.checkHistory(len(messages)); err != nil {
		return err
	}
	var system, all []string
	for i, m := range messages {
		text, err := m.text(fmt.Sprintf("messages[%d]", i))
		if err != nil {
			return err
		}
		all = append(all, text)
		if text == "" && i < len(messages)-1 {
			continue
		}
		switch m.Role {
		case "system", "developer":
			system = append(system, text)
		case "user":
			in.request.Messages = append(in.request.Messages, assistant.NewText(assistant.RoleUser, text))
		default: // the assistant: text has checked the role
			in.request.Messages = append(in.request.Messages, assistant.NewText(assistant.RoleModel, text))
		}
	}
	in.request.System = strings.Join(system, "\n\n")
	if n := len(messages); n == 0 || messages[n-1].Role != "user" || strings.TrimSpace(in.request.Prompt()) == "" {
		return parameterError("messages", "invalid_value", "The last of the messages must be the user's, and hold text.")
	}
	return limits.checkPrompt(all...)
}

// text returns the text of a message. Its errors name the message as param.
func (m wireMessage) text(param string) (string, error) {
	switch m.Role {
	case "system", "developer", "user", "assistant":
	default:
		return "", parameterError(param+".role", "invalid_value", "The role must be system, developer, user or assistant; tools are not supported.")
	}
	for name, raw := range map[string]json.RawMessage{
		"tool_calls": m.ToolCalls, "function_call": m.FunctionCall, "audio": m.Audio,
	} {
		if !isNull(raw) && compact(raw) != "[]" {
			return "", parameterError(param+"."+name, "unsupported_parameter", "Tools and audio are not supported; send messages of text only.")
		}
	}
	return textOf(m.Content, param+".content")
}

// textOf reads a message's content: a string, or an array of text parts.
func textOf(content json.RawMessage, param string) (string, error) {
	const expected = "The content of a message must be a string, or an array of parts such as {\"type\": \"text\", \"text\": \"Hello\"}."
	if isNull(content) {
		return "", nil
	}
	if content[0] == '"' {
		var text string
		if err := json.Unmarshal(content, &text); err != nil {
			return "", parameterError(param, "invalid_type", expected)
		}
		return text, nil
	}
	var parts []struct {
		Type string  `json:"type"`
		Text *string `json:"text"`
	}
	if err := json.Unmarshal(content, &parts); err != nil {
		return "", parameterError(param, "invalid_type", expected)
	}
	var b strings.Builder
	for i, part := range parts {
		if part.Type != "text" || part.Text == nil {
			return "", parameterError(fmt.Sprintf("%s[%d]", param, i), "unsupported_parameter", "Only parts of the type text are supported.")
		}
		b.WriteString(*part.Text)
	}
	return b.String(), nil
}
