package gemini

import (
	"encoding/json"
	"errors"
	"math"
	"strings"

	"google.golang.org/genai"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

var errNoPrompt = errors.New("the conversation holds nothing to answer")

// toGemini returns the conversation and the configuration of a call.
func toGemini(name string, r assistant.Request) ([]*genai.Content, *genai.GenerateContentConfig, error) {
	contents, err := contentsOf(name, r.Messages)
	if err != nil {
		return nil, nil, err
	}
	// The library would otherwise repeat a call whose answer ended early: each time is billed.
	config := &genai.GenerateContentConfig{AutomaticContinuation: new(false)}
	switch {
	case len(contents) > 0 && r.System != "":
		config.SystemInstruction = genai.NewContentFromText(r.System, genai.RoleUser)
	case len(contents) == 0 && r.System != "": // Gemini answers no system instruction alone
		contents = []*genai.Content{genai.NewContentFromText(r.System, genai.RoleUser)}
	case len(contents) == 0:
		return nil, nil, errNoPrompt
	}
	setOptions(config, r.Options)
	config.ThinkingConfig = thinking(name, r.Options.Effort)
	setTools(config, r.Tools, r.ToolChoice)
	if r.Format.JSON {
		config.ResponseMIMEType = "application/json"
		config.ResponseJsonSchema = schemaOf(r.Format.Schema)
	}
	return contents, config, nil
}

// contentsOf returns the turns of a conversation. Results of tools that follow one another are one turn, as Gemini wants
// as many as there were calls.
func contentsOf(name string, messages []assistant.Message) ([]*genai.Content, error) {
	var contents []*genai.Content
	names := map[string]string{} // of the tools, by the ids of their calls
	inResults := false
	for _, m := range messages {
		parts, err := partsOf(m, names)
		if err != nil {
			return nil, err
		}
		isResult := m.Role == assistant.RoleTool
		switch {
		case len(parts) == 0:
			continue
		case isResult && inResults:
			last := contents[len(contents)-1]
			last.Parts = append(last.Parts, parts...)
		default:
			role := genai.RoleUser
			if m.Role == assistant.RoleModel {
				role = genai.RoleModel
				addSignature(name, parts)
			}
			contents = append(contents, &genai.Content{Role: role, Parts: parts})
		}
		inResults = isResult
	}
	return contents, nil
}

// partsOf returns the parts of a message. It learns the names of called tools, and looks up those of results.
func partsOf(m assistant.Message, names map[string]string) ([]*genai.Part, error) {
	if m.Role == assistant.RoleTool {
		name, ok := names[m.ToolCallID]
		if !ok {
			return nil, errors.New("a tool's result answers no call of the conversation")
		}
		return []*genai.Part{{FunctionResponse: &genai.FunctionResponse{
			ID: m.ToolCallID, Name: name, Response: resultOf(m.Text()),
		}}}, nil
	}
	var parts []*genai.Part
	for _, p := range m.Parts {
		switch {
		case p.Media != nil:
			parts = append(parts, genai.NewPartFromBytes(p.Media.Data, p.Media.Type))
		case p.Text != "":
			parts = append(parts, genai.NewPartFromText(p.Text))
		}
	}
	for _, c := range m.ToolCalls {
		var arguments map[string]any
		if err := json.Unmarshal([]byte(c.Arguments), &arguments); err != nil && c.Arguments != "" {
			return nil, errors.New("the arguments of a tool call are no JSON object")
		}
		names[c.ID] = c.Name
		parts = append(parts, &genai.Part{
			FunctionCall:     &genai.FunctionCall{ID: c.ID, Name: c.Name, Args: arguments},
			ThoughtSignature: c.Signature,
		})
	}
	return parts, nil
}

// noSignature stands for the signature of a call that another model made, which Gemini 3 would otherwise refuse
// (https://ai.google.dev/gemini-api/docs/thought-signatures).
const noSignature = "skip_thought_signature_validator"

// addSignature signs a turn's first call if nobody has. Of calls made at once, only the first has a signature.
func addSignature(name string, parts []*genai.Part) {
	if g := generation(name); strings.HasPrefix(g, "1") || strings.HasPrefix(g, "2") {
		return
	}
	for _, p := range parts {
		if p.FunctionCall == nil {
			continue
		}
		if len(p.ThoughtSignature) == 0 {
			p.ThoughtSignature = []byte(noSignature)
		}
		return
	}
}

// generation is that of a model, such as 2.5; a word for the newest.
func generation(name string) string {
	g, _, _ := strings.Cut(strings.TrimPrefix(name, "gemini-"), "-")
	return g
}

// resultOf is a tool's result as an object, which Gemini wants.
func resultOf(text string) map[string]any {
	var object map[string]any
	if json.Unmarshal([]byte(text), &object) == nil && object != nil {
		return object
	}
	var value any = text
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		_ = json.Unmarshal([]byte(text), &value) // what is no JSON stays a text
	}
	return map[string]any{"result": value}
}

func setOptions(config *genai.GenerateContentConfig, o assistant.Options) {
	config.Temperature, config.TopP = float32Of(o.Temperature), float32Of(o.TopP)
	config.PresencePenalty, config.FrequencyPenalty = float32Of(o.PresencePenalty), float32Of(o.FrequencyPenalty)
	config.StopSequences = o.Stop
	if o.TopK != nil {
		config.TopK = new(float32(*o.TopK))
	}
	if o.MaxTokens != nil {
		config.MaxOutputTokens = int32(max(0, min(*o.MaxTokens, math.MaxInt32)))
	}
	if o.Seed != nil { // Gemini's are of 31 bits: two seeds may be one, but each is always the same
		config.Seed = new(int32(*o.Seed & math.MaxInt32))
	}
}

func float32Of(f *float64) *float32 {
	if f == nil {
		return nil
	}
	return new(float32(*f))
}

// budgets are the tokens that Gemini 2.5 may think, as Google's own OpenAI endpoint has them
// (https://ai.google.dev/gemini-api/docs/openai#thinking).
var budgets = map[assistant.Effort]int32{
	assistant.EffortNone: 0, assistant.EffortMinimal: 1024, assistant.EffortLow: 1024, assistant.EffortMedium: 8192,
	assistant.EffortHigh: 24576, assistant.EffortMax: 24576,
}

// levels are those of Gemini 3 and later, which cannot be told not to think.
var levels = map[assistant.Effort]genai.ThinkingLevel{
	assistant.EffortNone: genai.ThinkingLevelMinimal, assistant.EffortMinimal: genai.ThinkingLevelMinimal,
	assistant.EffortLow: genai.ThinkingLevelLow, assistant.EffortMedium: genai.ThinkingLevelMedium,
	assistant.EffortHigh: genai.ThinkingLevelHigh, assistant.EffortMax: genai.ThinkingLevelHigh,
}

// thinking is how much the model thinks, in the terms of its generation. Models before 2.5 do not think.
func thinking(name string, e assistant.Effort) *genai.ThinkingConfig {
	switch g := generation(name); {
	case e == "", strings.HasPrefix(g, "1"), strings.HasPrefix(g, "2.0"):
		return nil
	case strings.HasPrefix(g, "2"):
		return &genai.ThinkingConfig{ThinkingBudget: new(budgets[e])}
	default:
		return &genai.ThinkingConfig{ThinkingLevel: levels[e]}
	}
}

func setTools(config *genai.GenerateContentConfig, tools []assistant.Tool, choice assistant.ToolChoice) {
	if len(tools) == 0 {
		return
	}
	var functions []*genai.FunctionDeclaration
	for _, t := range tools {
		functions = append(functions, &genai.FunctionDeclaration{
			Name: t.Name, Description: t.Description, ParametersJsonSchema: schemaOf(t.Parameters),
		})
	}
	config.Tools = []*genai.Tool{{FunctionDeclarations: functions}}
	calling := &genai.FunctionCallingConfig{AllowedFunctionNames: choice.Names}
	switch {
	case choice.Mode == assistant.ToolsNone:
		calling = &genai.FunctionCallingConfig{Mode: genai.FunctionCallingConfigModeNone}
	case choice.Mode == assistant.ToolsRequired:
		calling.Mode = genai.FunctionCallingConfigModeAny
	case len(choice.Names) > 0: // names are allowed with modes that are sure to keep to the declarations only
		calling.Mode = genai.FunctionCallingConfigModeValidated
	default:
		return
	}
	config.ToolConfig = &genai.ToolConfig{FunctionCallingConfig: calling}
}

// schemaOf returns a JSON schema as a value; nil for none. Its dialect is left out: Gemini knows no $schema.
func schemaOf(schema json.RawMessage) any {
	var object map[string]any
	if err := json.Unmarshal(schema, &object); err != nil || len(object) == 0 {
		return nil
	}
	delete(object, "$schema")
	return object
}
