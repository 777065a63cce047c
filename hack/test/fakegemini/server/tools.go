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
		calls = append(calls, functionCall{ID: fmt.Sprintf("fc-%d-%d", r.rounds(), i), Name: f.Name, Args: instance(f.Parameters)})
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
		calls := slices.DeleteFunc(slices.Clone(c.Parts), func(p part) bool { return p.FunctionCall == nil })
		if len(calls) == 0 {
			continue
		}
		var results []part
		if i+1 < len(r.Contents) {
			results = slices.DeleteFunc(slices.Clone(r.Contents[i+1].Parts), func(p part) bool { return p.Result == nil })
		}
		if s := string(calls[0].Signature); s != signature && s != skipSignature || len(calls) != len(results) {
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

// instance is a value that keeps to a schema, as far as tests have them: an object of strings and numbers.
func instance(schema map[string]any) map[string]any {
	out := map[string]any{}
	properties, _ := schema["properties"].(map[string]any)
	for name, p := range properties {
		out[name] = "Hamburg"
		if property, _ := p.(map[string]any); property["type"] == "number" || property["type"] == "integer" {
			out[name] = 7
		}
	}
	return out
}
