package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

const (
	functionType = "function"
	// maxTools is the number of tools that OpenAI allows.
	maxTools = 128

	toolShape   = `{"type": "function", "function": {"name": "...", "parameters": {...}}}`
	choiceShape = `"none", "auto", "required", a function such as {"type": "function", "function": {"name": "..."}}, or allowed_tools`
)

// namePattern matches the name of a function or a schema.
var namePattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// wireTool is a tool of OpenAI's API. Its other fields are ignored.
type wireTool struct {
	Type     string `json:"type"`
	Function struct {
		Name        string          `json:"name"`
		Description string          `json:"description"`
		Parameters  json.RawMessage `json:"parameters"`
		Strict      bool            `json:"strict"`
	} `json:"function"`
}

// readTools reads the tools and which of them may be called.
func (in *completionRequest) readTools(p parameters) error {
	var tools []wireTool
	if err := p.read("tools", &tools, "an array of tools such as "+toolShape); err != nil {
		return err
	}
	if len(tools) > maxTools {
		return parameterError("tools", "invalid_value", fmt.Sprintf("There may be %d tools at most.", maxTools))
	}
	for i, t := range tools {
		param := fmt.Sprintf("tools[%d]", i)
		if err := t.check(param); err != nil {
			return err
		}
		if in.hasTool(t.Function.Name) {
			return parameterError(param, "invalid_value", "Two tools have the same name.")
		}
		f := t.Function
		tool := assistant.Tool{Name: f.Name, Description: f.Description, Strict: f.Strict}
		if !isNull(f.Parameters) {
			tool.Parameters = f.Parameters
		}
		in.request.Tools = append(in.request.Tools, tool)
	}
	parallel := true
	if err := p.read("parallel_tool_calls", &parallel, "true or false"); err != nil {
		return err
	}
	in.request.ToolChoice.One = !parallel
	return in.readToolChoice(p)
}

func (t wireTool) check(param string) error {
	switch {
	case t.Type != functionType:
		return parameterError(param+".type", "unsupported_parameter", "Only tools of the type function are supported.")
	case !namePattern.MatchString(t.Function.Name):
		return parameterError(param+".function.name", "invalid_value",
			"The name of a function must be 1 to 64 letters, digits, dashes and underscores.")
	case !isNull(t.Function.Parameters) && !isObject(t.Function.Parameters):
		return parameterError(param+".function.parameters", "invalid_type", "The parameters of a function must be a JSON schema, an object.")
	}
	return nil
}

func (in *completionRequest) hasTool(name string) bool {
	return slices.ContainsFunc(in.request.Tools, func(t assistant.Tool) bool { return t.Name == name })
}

// wireToolChoice is a tool_choice that is an object: a function, or allowed tools.
type wireToolChoice struct {
	wireTool
	Allowed struct {
		Mode  string     `json:"mode"`
		Tools []wireTool `json:"tools"`
	} `json:"allowed_tools"`
}

// readToolChoice needs the tools.
func (in *completionRequest) readToolChoice(p parameters) error {
	raw := p["tool_choice"]
	if isNull(raw) {
		return nil
	}
	if raw[0] == '"' {
		var mode string
		if err := p.read("tool_choice", &mode, choiceShape); err != nil {
			return err
		}
		return in.setToolMode(mode, "tool_choice")
	}
	var choice wireToolChoice
	if err := p.read("tool_choice", &choice, choiceShape); err != nil {
		return err
	}
	switch choice.Type {
	case functionType:
		in.request.ToolChoice.Mode = assistant.ToolsRequired
		return in.allowTools("tool_choice", choice.wireTool)
	case "allowed_tools":
		if err := in.setToolMode(choice.Allowed.Mode, "tool_choice.allowed_tools.mode"); err != nil {
			return err
		}
		return in.allowTools("tool_choice.allowed_tools.tools", choice.Allowed.Tools...)
	default:
		return parameterError("tool_choice", "invalid_value", "The parameter tool_choice must be "+choiceShape+".")
	}
}

func (in *completionRequest) setToolMode(mode, param string) error {
	switch mode {
	case "auto":
	case "none":
		in.request.ToolChoice.Mode = assistant.ToolsNone
	case "required":
		in.request.ToolChoice.Mode = assistant.ToolsRequired
		if len(in.request.Tools) == 0 {
			return parameterError(param, "invalid_value", "Calls can be required only with tools.")
		}
	default:
		return parameterError(param, "invalid_value", "The mode of tool_choice must be none, auto or required.")
	}
	return nil
}

// allowTools restricts the calls to tools of the request.
func (in *completionRequest) allowTools(param string, tools ...wireTool) error {
	for _, t := range tools {
		if t.Type != functionType || !in.hasTool(t.Function.Name) {
			return parameterError(param, "invalid_value", "The parameter tool_choice names a function that is not in tools.")
		}
		in.request.ToolChoice.Names = append(in.request.ToolChoice.Names, t.Function.Name)
	}
	if len(tools) == 0 {
		return parameterError(param, "invalid_value", "The list of allowed tools is empty; to forbid calls, send tool_choice none.")
	}
	return nil
}

// isObject reports whether JSON that is known to be valid is an object.
func isObject(raw json.RawMessage) bool { return bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) }
