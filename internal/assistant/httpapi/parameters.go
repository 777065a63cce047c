package httpapi

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// supportedParameters are the parameters of a completion that have an effect.
var supportedParameters = []string{
	"model", "messages", "temperature", "top_p", "max_tokens", "max_completion_tokens", "stop", "stream", "stream_options",
}

// ignoredParameters are parameters without which the answer means the same.
var ignoredParameters = []string{
	"metadata", "parallel_tool_calls", "prediction", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention",
	"safety_identifier", "seed", "service_tier", "store", "user",
}

// neutralValues are the unsupported parameters, each with the values that do not change the answer.
var neutralValues = map[string][]string{
	"audio":              nil,
	"frequency_penalty":  {"0", "0.0"},
	"function_call":      {`"none"`, `"auto"`},
	"functions":          {"[]"},
	"logit_bias":         {"{}"},
	"logprobs":           {"false"},
	"modalities":         {`["text"]`},
	"moderation":         nil,
	"n":                  {"1"},
	"presence_penalty":   {"0", "0.0"},
	"reasoning_effort":   nil,
	"response_format":    {`{"type":"text"}`},
	"tool_choice":        {`"none"`, `"auto"`},
	"tools":              {"[]"},
	"top_logprobs":       {"0"},
	"verbosity":          {`"medium"`},
	"web_search_options": nil,
}

// parameters are a request's, by name. A null counts as absent.
type parameters map[string]json.RawMessage

// check rejects unknown and unsupported parameters by name.
func (p parameters) check() error {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if slices.Contains(supportedParameters, name) || slices.Contains(ignoredParameters, name) || isNull(p[name]) {
			continue
		}
		neutral, declared := neutralValues[name]
		if !declared {
			return unknownParameter(name)
		}
		if !slices.Contains(neutral, compact(p[name])) {
			message := "This service does not support the parameter " + name
			if len(neutral) > 0 {
				message += " with any value but " + neutral[0]
			}
			return parameterError(name, "unsupported_parameter", message+"; leave it out.")
		}
	}
	return nil
}

// read decodes a parameter into v, which it leaves unchanged if the parameter is absent.
func (p parameters) read(name string, v any, expected string) error {
	if isNull(p[name]) {
		return nil
	}
	if err := json.Unmarshal(p[name], v); err != nil {
		return parameterError(name, "invalid_type", "The parameter "+name+" must be "+expected+".")
	}
	return nil
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

func compact(raw json.RawMessage) string {
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil {
		return ""
	}
	return b.String()
}

// printableName matches the names of parameters that may be returned to the client.
var printableName = regexp.MustCompile(`^[A-Za-z0-9_.-]{1,64}$`)

// unknownParameter names the parameter to the client only: a name may be any text, and the message is logged.
func unknownParameter(name string) error {
	f := parameterError("", "unknown_parameter", "A parameter of the request is unknown, perhaps misspelt.")
	if printableName.MatchString(name) {
		f.param = name
		f.message = "The parameter of the request that param names is unknown, perhaps misspelt."
	}
	return f
}

// parameterError is the error of a request whose parameter param is invalid.
func parameterError(param, code, message string) *httpError {
	return &httpError{
		status: http.StatusBadRequest, kind: assistant.KindInvalid, message: message, param: param, code: code,
	}
}
