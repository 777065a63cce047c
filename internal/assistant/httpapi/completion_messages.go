package httpapi

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// The roles of OpenAI's API. A developer is what a system was.
const (
	roleSystem    = "system"
	roleDeveloper = "developer"
	roleUser      = "user"
	roleAssistant = "assistant"
	roleTool      = "tool"
)

// wireMessage is a message of OpenAI's API. Its other fields, such as name, are ignored.
type wireMessage struct {
	Role         string          `json:"role"`
	Content      json.RawMessage `json:"content"`
	Refusal      *string         `json:"refusal"`
	ToolCalls    json.RawMessage `json:"tool_calls"`
	ToolCallID   string          `json:"tool_call_id"`
	FunctionCall json.RawMessage `json:"function_call"`
	Audio        json.RawMessage `json:"audio"`
}

// conversation is what has been read of a request's messages.
type conversation struct {
	system   []string
	messages []assistant.Message
	texts    []string // all of them, to be measured
	calls    openCalls
	blank    bool // whether the last message is the user's and holds nothing
}

// setMessages sets the request's messages. It joins those of system and developer, since there is one system
// instruction, and leaves out messages that hold nothing.
func (in *completionRequest) setMessages(wire []wireMessage, limits Limits) error {
	if err := limits.checkHistory(len(wire)); err != nil {
		return err
	}
	var c conversation
	for i, m := range wire {
		if err := c.add(m, fmt.Sprintf("messages[%d]", i)); err != nil {
			return err
		}
	}
	in.request.System, in.request.Messages = strings.Join(c.system, "\n\n"), c.messages
	if len(c.messages) == 0 && strings.TrimSpace(in.request.System) == "" {
		return parameterError("messages", "invalid_value", "There must be a message that holds text.")
	}
	if c.blank {
		return parameterError("messages", "invalid_value", "The last message is empty.")
	}
	return limits.checkPrompt(c.texts...)
}

// isBlank reports whether there is nothing to answer.
func isBlank(parts []assistant.Part) bool {
	return !slices.ContainsFunc(parts, func(p assistant.Part) bool { return p.Media != nil || strings.TrimSpace(p.Text) != "" })
}

// add reads one message. Its errors name the message as param.
func (c *conversation) add(m wireMessage, param string) error {
	if err := m.check(param); err != nil {
		return err
	}
	parts, err := partsOf(m.Content, m.Role, param+".content")
	if err != nil {
		return err
	}
	c.blank = m.Role == roleUser && isBlank(parts)
	out := assistant.Message{Role: assistant.RoleUser, Parts: parts}
	switch m.Role {
	case roleSystem, roleDeveloper:
		if text := out.Text(); text != "" {
			c.system, c.texts = append(c.system, text), append(c.texts, text)
		}
		return nil
	case roleAssistant:
		out.Role = assistant.RoleModel
		if m.Refusal != nil {
			out.Parts = appendPart(out.Parts, assistant.Part{Text: *m.Refusal})
		}
		if out.ToolCalls, err = readToolCalls(m.ToolCalls, param+".tool_calls"); err != nil {
			return err
		}
	case roleTool:
		out.Role = assistant.RoleTool
		out.ToolCallID, _ = splitCallID(m.ToolCallID)
		if len(out.Parts) == 0 { // an empty result is a result
			out.Parts = []assistant.Part{{}}
		}
	}
	if err := c.calls.follow(out, param); err != nil {
		return err
	}
	c.append(out)
	return nil
}

func (c *conversation) append(m assistant.Message) {
	if len(m.Parts) == 0 && len(m.ToolCalls) == 0 {
		return
	}
	c.messages, c.texts = append(c.messages, m), append(c.texts, m.Text())
	for _, call := range m.ToolCalls {
		c.texts = append(c.texts, call.Arguments)
	}
}

// check rejects roles and fields that are not supported.
func (m wireMessage) check(param string) error {
	switch m.Role {
	case roleSystem, roleDeveloper, roleUser, roleAssistant, roleTool:
	case "function":
		return parameterError(param+".role", "unsupported_parameter", "The role function is not supported; send the role tool, with a tool_call_id.")
	default:
		return parameterError(param+".role", "invalid_value", "The role must be system, developer, user, assistant or tool.")
	}
	switch {
	case !isNull(m.FunctionCall):
		return parameterError(param+".function_call", "unsupported_parameter", "The field function_call is not supported; send tool_calls.")
	case !isNull(m.Audio):
		return parameterError(param+".audio", "unsupported_parameter", "The model does not speak; send what the assistant said as text.")
	case m.Role != roleAssistant && !isNull(m.ToolCalls) && compact(m.ToolCalls) != "[]":
		return parameterError(param+".tool_calls", "invalid_value", "Only a message of the role assistant may hold tool_calls.")
	}
	return nil
}
