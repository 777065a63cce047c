package httpapi

import (
	"encoding/json"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

const formatShape = `{"type": "text"}, {"type": "json_object"}, or {"type": "json_schema", "json_schema": {"name": "...", "schema": {...}}}`

// readFormat reads the form of the answer's text.
func readFormat(out *assistant.Format, p parameters) error {
	var format struct {
		Type   string `json:"type"`
		Schema *struct {
			Name   string          `json:"name"`
			Schema json.RawMessage `json:"schema"`
			Strict bool            `json:"strict"`
		} `json:"json_schema"`
	}
	if err := p.read("response_format", &format, formatShape); err != nil {
		return err
	}
	switch s := format.Schema; {
	case isNull(p["response_format"]), format.Type == "text":
		return nil
	case format.Type == "json_object":
		*out = assistant.Format{JSON: true}
		return nil
	case format.Type != "json_schema" || s == nil:
		return parameterError("response_format", "invalid_value", "The parameter response_format must be "+formatShape+".")
	case !namePattern.MatchString(s.Name):
		return parameterError("response_format.json_schema.name", "invalid_value",
			"The name of a schema must be 1 to 64 letters, digits, dashes and underscores.")
	case !isNull(s.Schema) && !isObject(s.Schema):
		return parameterError("response_format.json_schema.schema", "invalid_type", "The schema must be a JSON schema, an object.")
	default:
		*out = assistant.Format{JSON: true, Name: s.Name, Strict: s.Strict}
		if !isNull(s.Schema) {
			out.Schema = s.Schema
		}
		return nil
	}
}
