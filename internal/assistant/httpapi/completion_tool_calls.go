package httpapi

import (
	"encoding/json"
	"fmt"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

const callShape = `{"id": "...", "type": "function", "function": {"name": "...", "arguments": "{}"}}`

// readToolCalls reads the calls of an assistant's message.
func readToolCalls(raw json.RawMessage, param string) ([]assistant.ToolCall, error) {
	if isNull(raw) {
		return nil, nil
	}
	var wire []wireToolCall
	if err := json.Unmarshal(raw, &wire); err != nil {
		return nil, parameterError(param, "invalid_type", "The tool_calls must be an array of calls such as "+callShape+".")
	}
	var calls []assistant.ToolCall
	for i, w := range wire {
		call, err := w.call(fmt.Sprintf("%s[%d]", param, i))
		if err != nil {
			return nil, err
		}
		calls = append(calls, call)
	}
	return calls, nil
}

func (w wireToolCall) call(param string) (assistant.ToolCall, error) {
	call := assistant.ToolCall{Name: w.Function.Name, Arguments: w.Function.Arguments}
	call.ID, call.Signature = splitCallID(w.ID)
	if call.Arguments == "" {
		call.Arguments = "{}"
	}
	switch {
	case w.Type != functionType && w.Type != "":
		return call, parameterError(param+".type", "unsupported_parameter", "Only calls of the type function are supported.")
	case w.ID == "" || !namePattern.MatchString(w.Function.Name):
		return call, parameterError(param, "invalid_value", "A tool call must have an id and the name of a function.")
	case !json.Valid([]byte(call.Arguments)) || !isObject([]byte(call.Arguments)):
		return call, parameterError(param+".function.arguments", "invalid_value", "The arguments of a tool call must be a JSON object in a string.")
	}
	return call, nil
}

// openCalls are the tool calls of a conversation, by id: true while there is no result.
type openCalls map[string]bool

// follow checks that a message fits the calls before it: results belong to calls, and come before anything else.
func (c *openCalls) follow(m assistant.Message, param string) error {
	if m.Role == assistant.RoleTool {
		if _, known := (*c)[m.ToolCallID]; !known {
			return parameterError(param+".tool_call_id", "invalid_value", "There is no tool call of this id in the assistant's messages before.")
		}
		(*c)[m.ToolCallID] = false
		return nil
	}
	for _, open := range *c {
		if open {
			return parameterError(param, "invalid_value", "Each tool call needs its result, a message of the role tool, before the next message.")
		}
	}
	for _, call := range m.ToolCalls {
		if *c == nil {
			*c = openCalls{}
		}
		(*c)[call.ID] = true
	}
	return nil
}
