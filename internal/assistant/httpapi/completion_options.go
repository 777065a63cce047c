package httpapi

import (
	"encoding/json"
	"slices"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// maxStops is the number of stop sequences that OpenAI allows; Gemini allows one more.
const maxStops = 4

func readOptions(o *assistant.Options, p parameters) error {
	const number, whole = "a number", "a whole number"
	for _, err := range []error{
		p.read("temperature", &o.Temperature, number),
		p.read("top_p", &o.TopP, number),
		p.read("top_k", &o.TopK, whole),
		p.read("presence_penalty", &o.PresencePenalty, number),
		p.read("frequency_penalty", &o.FrequencyPenalty, number),
		p.read("seed", &o.Seed, whole),
		readMaxTokens(o, p),
		readEffort(o, p),
		readStop(o, p),
	} {
		if err != nil {
			return err
		}
	}
	outside := func(v *float64, least, most float64) bool { return v != nil && (*v < least || *v > most) }
	switch {
	case outside(o.Temperature, 0, 2):
		return parameterError("temperature", "invalid_value", "The temperature must be 0 to 2.")
	case outside(o.TopP, 0, 1):
		return parameterError("top_p", "invalid_value", "The top_p must be 0 to 1.")
	case o.TopK != nil && *o.TopK < 1:
		return parameterError("top_k", "invalid_value", "The top_k must be 1 or more.")
	case outside(o.PresencePenalty, -2, 2):
		return parameterError("presence_penalty", "invalid_value", "The presence_penalty must be -2 to 2.")
	case outside(o.FrequencyPenalty, -2, 2):
		return parameterError("frequency_penalty", "invalid_value", "The frequency_penalty must be -2 to 2.")
	}
	return nil
}

// readMaxTokens reads max_completion_tokens, or its old name.
func readMaxTokens(o *assistant.Options, p parameters) error {
	var maxTokens *int
	for name, v := range map[string]**int{"max_completion_tokens": &o.MaxTokens, "max_tokens": &maxTokens} {
		if err := p.read(name, v, "a whole number"); err != nil {
			return err
		}
	}
	if maxTokens != nil && o.MaxTokens != nil && *maxTokens != *o.MaxTokens {
		return parameterError("max_tokens", "invalid_value", "Give max_completion_tokens or max_tokens, its old name, not both.")
	}
	if maxTokens != nil {
		o.MaxTokens = maxTokens
	}
	if o.MaxTokens != nil && *o.MaxTokens < 1 {
		return parameterError("max_completion_tokens", "invalid_value", "The maximum number of tokens must be 1 or more.")
	}
	return nil
}

func readEffort(o *assistant.Options, p parameters) error {
	const expected = "none, minimal, low, medium, high or xhigh"
	if err := p.read("reasoning_effort", &o.Effort, expected); err != nil {
		return err
	}
	switch o.Effort {
	case "", assistant.EffortNone, assistant.EffortMinimal, assistant.EffortLow, assistant.EffortMedium, assistant.EffortHigh, assistant.EffortMax:
		return nil
	default:
		return parameterError("reasoning_effort", "invalid_value", "The parameter reasoning_effort must be "+expected+".")
	}
}

// readStop reads a string or an array of strings.
func readStop(o *assistant.Options, p parameters) error {
	raw := p["stop"]
	if len(raw) > 0 && raw[0] == '"' {
		raw = slices.Concat(json.RawMessage("["), raw, json.RawMessage("]"))
	}
	const expected = "a string, or an array of up to 4 strings, none of them empty"
	if err := (parameters{"stop": raw}).read("stop", &o.Stop, expected); err != nil {
		return err
	}
	if len(o.Stop) > maxStops || slices.Contains(o.Stop, "") {
		return parameterError("stop", "invalid_value", "The parameter stop must be "+expected+".")
	}
	return nil
}
