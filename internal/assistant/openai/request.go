package openai

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/shared"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

var errNoPrompt = errors.New("the conversation holds nothing to answer")

// toOpenAI returns the request of a call. What is not set is not sent.
func (c *Client) toOpenAI(name string, r assistant.Request) (any, error) {
	messages, err := messagesOf(r)
	if err != nil {
		return nil, err
	}
	p := openai.ChatCompletionNewParams{
		Model: name, Messages: messages, StreamOptions: openai.ChatCompletionStreamOptionsParam{IncludeUsage: openai.Bool(true)},
	}
	extra := map[string]any{"stream": true}
	c.setOptions(&p, extra, r.Options)
	if err := setTools(&p, r.Tools, r.ToolChoice); err != nil {
		return nil, err
	}
	setFormat(&p, r.Format)
	p.SetExtraFields(extra)
	return p, nil
}

func (c *Client) setOptions(p *openai.ChatCompletionNewParams, extra map[string]any, o assistant.Options) {
	// OpenAI's newer models refuse max_tokens. Older servers of others know nothing else, and LiteLLM translates it.
	if o.MaxTokens != nil && c.isOpenAI {
		p.MaxCompletionTokens = openai.Int(int64(*o.MaxTokens))
	} else if o.MaxTokens != nil {
		p.MaxTokens = openai.Int(int64(*o.MaxTokens))
	}
	if o.Temperature != nil {
		p.Temperature = openai.Float(*o.Temperature)
	}
	if o.TopP != nil {
		p.TopP = openai.Float(*o.TopP)
	}
	if o.TopK != nil {
		extra["top_k"] = *o.TopK
	}
	if o.PresencePenalty != nil {
		p.PresencePenalty = openai.Float(*o.PresencePenalty)
	}
	if o.FrequencyPenalty != nil {
		p.FrequencyPenalty = openai.Float(*o.FrequencyPenalty)
	}
	if o.Seed != nil {
		p.Seed = openai.Int(*o.Seed)
	}
	p.Stop.OfStringArray = o.Stop
	p.ReasoningEffort = shared.ReasoningEffort(c.effort(o.Effort))
}

// effort returns what the server knows: vLLM and Ollama have only the efforts from low to high.
func (c *Client) effort(e assistant.Effort) assistant.Effort {
	switch {
	case c.isOpenAI:
		return e
	case e == assistant.EffortMinimal:
		return assistant.EffortLow
	case e == assistant.EffortMax:
		return assistant.EffortHigh
	default:
		return e
	}
}

// setTools sets the tools that may be called: more servers know a shorter list than a choice of several.
func setTools(p *openai.ChatCompletionNewParams, tools []assistant.Tool, choice assistant.ToolChoice) error {
	for _, t := range tools {
		if len(choice.Names) > 0 && !slices.Contains(choice.Names, t.Name) {
			continue
		}
		tool, err := toolOf(t)
		if err != nil {
			return err
		}
		p.Tools = append(p.Tools, tool)
	}
	if len(p.Tools) == 0 {
		return nil // a choice without tools is refused
	}
	if choice.One {
		p.ParallelToolCalls = openai.Bool(false)
	}
	switch {
	case choice.Mode == assistant.ToolsRequired && len(choice.Names) == 1:
		p.ToolChoice.OfFunctionToolChoice = &openai.ChatCompletionNamedToolChoiceParam{
			Function: openai.ChatCompletionNamedToolChoiceFunctionParam{Name: choice.Names[0]},
		}
	case choice.Mode != assistant.ToolsAuto:
		p.ToolChoice.OfAuto = openai.String(string(choice.Mode))
	}
	return nil
}

func toolOf(t assistant.Tool) (openai.ChatCompletionToolUnionParam, error) {
	f := shared.FunctionDefinitionParam{Name: t.Name}
	if t.Description != "" {
		f.Description = openai.String(t.Description)
	}
	if t.Strict {
		f.Strict = openai.Bool(true)
	}
	if len(t.Parameters) > 0 {
		// What is within stays as it is: models fill in properties in the schema's order.
		var schema map[string]json.RawMessage
		if err := json.Unmarshal(t.Parameters, &schema); err != nil {
			return openai.ChatCompletionToolUnionParam{}, errors.New("the parameters of a tool are not a JSON object")
		}
		f.Parameters = shared.FunctionParameters{}
		for key, value := range schema {
			f.Parameters[key] = value
		}
	}
	return openai.ChatCompletionFunctionTool(f), nil
}

func setFormat(p *openai.ChatCompletionNewParams, f assistant.Format) {
	switch {
	case len(f.Schema) > 0:
		schema := shared.ResponseFormatJSONSchemaJSONSchemaParam{Name: f.Name, Schema: f.Schema}
		if schema.Name == "" {
			schema.Name = "answer" // a name is required
		}
		if f.Strict {
			schema.Strict = openai.Bool(true)
		}
		p.ResponseFormat.OfJSONSchema = &shared.ResponseFormatJSONSchemaParam{JSONSchema: schema}
	case f.JSON:
		p.ResponseFormat.OfJSONObject = &shared.ResponseFormatJSONObjectParam{}
	}
}

// messagesOf returns the conversation, the system instruction first.
func messagesOf(r assistant.Request) ([]openai.ChatCompletionMessageParamUnion, error) {
	var out []openai.ChatCompletionMessageParamUnion
	if r.System != "" {
		out = append(out, openai.SystemMessage(r.System))
	}
	for i, m := range r.Messages {
		message, err := messageOf(m)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i, err)
		}
		out = append(out, message)
	}
	if len(out) == 0 {
		return nil, errNoPrompt
	}
	return out, nil
}
