package server

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// signature is what the stand-in signs its calls with; as Gemini 3 it wants it back.
const signature = "thought of the stand-in"

// skipSignature is what Gemini takes for the signature of a call that it did not make.
const skipSignature = "skip_thought_signature_validator"

var noSignature = failure{
	status:  "INVALID_ARGUMENT",
	message: "Function call is missing a thought_signature in functionCall parts.",
}

// nextCalls are the calls with which the conversation goes on: of the first tool that may be called, until there were as
// many rounds as the scene has.
func (r generateRequest) nextCalls(s Scene) []functionCall {
	var functions []function
	for _, t := range r.Tools {
		functions = append(functions, t.Functions...)
	}
	if names := r.ToolConfig.Calling.Names; len(names) > 0 {
		functions = slices.DeleteFunc(functions, func(f function) bool { return !slices.Contains(names, f.Name) })
	}
	if len(functions) == 0 || r.ToolConfig.Calling.Mode == "NONE" || r.rounds() >= max(1, s.Rounds) {
		return nil
	}
	var calls []functionCall
	for i := range max(1, s.Calls) {
		f := functions[i%len(functions)]
		args, _ := instance(f.Parameters).(map[string]any)
		calls = append(calls, functionCall{ID: fmt.Sprintf("fc-%d-%d", r.rounds(), i), Name: f.Name, Args: args})
	}
	return calls
}

// rounds are how often tools were called since the user last said something.
func (r generateRequest) rounds() int {
	n := 0
	for _, c := range slices.Backward(r.Contents) {
		switch {
		case hasPart(c, func(p part) bool { return p.FunctionCall != nil }):
			n++
		case c.Role == "user" && hasPart(c, func(p part) bool { return p.Text != "" }):
			return n
		}
	}
	return n
}

// signed reports whether each turn's first call has a signature, and as many results as calls follow.
func (r generateRequest) signed() bool {
	for i, c := range r.Contents {
		first := slices.IndexFunc(c.Parts, func(p part) bool { return p.FunctionCall != nil })
		if first < 0 {
			continue
		}
		if s := string(c.Parts[first].Signature); s != signature && s != skipSignature {
			return false
		}
		calls, results := 0, 0
		for _, p := range c.Parts {
			if p.FunctionCall != nil {
				calls++
			}
		}
		if i+1 < len(r.Contents) {
			for _, p := range r.Contents[i+1].Parts {
				if p.Result != nil {
					results++
				}
			}
		}
		if calls != results {
			return false
		}
	}
	return true
}

// resultText is what the tools said last; empty if the conversation does not end in results.
func (r generateRequest) resultText() string {
	if len(r.Contents) == 0 {
		return ""
	}
	var said []string
	for _, p := range r.Contents[len(r.Contents)-1].Parts {
		if p.Result != nil {
			data, _ := json.Marshal(p.Result.Response)
			said = append(said, string(data))
		}
	}
	return strings.Join(said, " ")
}

func hasPart(c content, is func(part) bool) bool { return slices.ContainsFunc(c.Parts, is) }

// toolWords are the names of calls and the words of their arguments.
func toolWords(calls []functionCall) int {
	n := 0
	for _, c := range calls {
		data := []byte("{}")
		if len(c.Args) > 0 {
			data, _ = json.Marshal(c.Args)
		}
		n += 1 + len(strings.Fields(string(data)))
	}
	return n
}

// instanceText is a JSON text that keeps to a schema.
func instanceText(schema map[string]any) string {
	data, _ := json.Marshal(instance(schema))
	return string(data)
}

// instance is a value that keeps to a schema, as far as tests have them: the first of an enum, and each property.
func instance(schema map[string]any) any {
	if values, ok := schema["enum"].([]any); ok && len(values) > 0 {
		return values[0]
	}
	kind, _ := schema["type"].(string)
	switch kind {
	case "string":
		return "Hamburg"
	case "integer", "number":
		return 7
	case "boolean":
		return true
	case "array":
		items, _ := schema["items"].(map[string]any)
		return []any{instance(items)}
	default:
		out := map[string]any{}
		properties, _ := schema["properties"].(map[string]any)
		for name, p := range properties {
			property, _ := p.(map[string]any)
			out[name] = instance(property)
		}
		return out
	}
}
