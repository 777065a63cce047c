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

// parameterSet are the parameters of a route.
type parameterSet struct {
	// supported have an effect. Without those ignored the answer means the same.
	supported, ignored []string
	// neutral are the unsupported ones, each with the values that do not change the answer.
	neutral map[string][]string
	// instead is what to use in place of an unsupported one.
	instead map[string]string
}

var completionParameters = parameterSet{
	supported: []string{
		"frequency_penalty", "max_completion_tokens", "max_tokens", "messages", "model", "parallel_tool_calls", "presence_penalty",
		"reasoning_effort", "response_format", "seed", "stop", "stream", "stream_options", "temperature", "tool_choice", "tools",
		"top_k", "top_p",
	},
	ignored: []string{
		"metadata", "prediction", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier",
		"service_tier", "store", "user",
	},
	neutral: map[string][]string{
		"audio":              nil,
		"function_call":      {`"none"`, `"auto"`},
		"functions":          {"[]"},
		"logit_bias":         {"{}"},
		"logprobs":           {"false"},
		"modalities":         {`["text"]`},
		"moderation":         nil,
		"n":                  {"1"},
		"top_logprobs":       {"0"},
		"verbosity":          {`"medium"`},
		"web_search_options": nil,
	},
	instead: map[string]string{"functions": "tools", "function_call": "tool_choice with tools"},
}

// parameters are a request's, by name. A null counts as absent.
type parameters map[string]json.RawMessage

// check rejects unknown and unsupported parameters by name.
func (p parameters) check(set parameterSet) error {
	for _, name := range slices.Sorted(maps.Keys(p)) {
		if slices.Contains(set.supported, name) || slices.Contains(set.ignored, name) || isNull(p[name]) {
			continue
		}
		neutral, declared := set.neutral[name]
		if !declared {
			return unknownParameter(name)
		}
		if !slices.Contains(neutral, compact(p[name])) {
			return set.unsupported(name)
		}
	}
	return nil
}

func (set parameterSet) unsupported(name string) error {
	message := "This service does not support the parameter " + name
	if neutral := set.neutral[name]; len(neutral) > 0 {
		message += " with any value but " + neutral[0]
	}
	if instead := set.instead[name]; instead != "" {
		return parameterError(name, "unsupported_parameter", message+"; send "+instead+".")
	}
	return parameterError(name, "unsupported_parameter", message+"; leave it out.")
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

// readModel reads the parameter that every request must have.
func (p parameters) readModel(model *string) error {
	if err := p.read("model", model, "a string"); err != nil {
		return err
	}
	if *model == "" {
		return parameterError("model", "missing_required_parameter", "The parameter model is missing; GET /v1/models lists them.")
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
