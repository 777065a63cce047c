package openai

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// sent returns the body of the request for r.
func sent(t *testing.T, r assistant.Request) string {
	t.Helper()
	server := serve(t, reply{body: sse(end("stop"))})
	if _, err := newClient(t, Config{BaseURL: server.URL}).Model("m").Generate(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	return server.bodies[0]
}

// wanted adds what every request has.
func wanted(fields string) string {
	return `{"model":"m","stream":true,"stream_options":{"include_usage":true},` + fields + `}`
}

const helloMessages = `"messages":[{"role":"user","content":"` + canaryWords + `"}]`

func TestRequests(t *testing.T) {
	one, two, seed := 1, 2, int64(1)<<60
	low, high := 0.25, -0.5
	media := func(mediaType string) assistant.Part {
		return assistant.Part{Media: &assistant.Media{Type: mediaType, Data: []byte("abc")}}
	}
	with := func(change func(*assistant.Request)) assistant.Request {
		r := hello()
		change(&r)
		return r
	}
	tools := []assistant.Tool{
		{Name: "f", Description: "does", Parameters: json.RawMessage(`{"type":"object","properties":{"b":{},"a":{}}}`), Strict: true}, {Name: "g"},
	}
	const fSent = `{"type":"function","function":{"name":"f","description":"does","strict":true,"parameters":{"type":"object","properties":{"b":{},"a":{}}}}}`
	const gSent = `{"type":"function","function":{"name":"g"}}`
	for name, tt := range map[string]struct {
		request assistant.Request
		want    string
	}{
		"nothing set":  {hello(), wanted(helloMessages)},
		"system alone": {assistant.Request{System: "be"}, wanted(`"messages":[{"role":"system","content":"be"}]`)},
		"a conversation": {assistant.Request{System: "be", Messages: []assistant.Message{
			assistant.NewText(assistant.RoleUser, "q"),
			{Role: assistant.RoleModel, Parts: []assistant.Part{{Text: "a"}}},
			assistant.NewText(assistant.RoleUser, "r"),
			{Role: assistant.RoleModel, ToolCalls: []assistant.ToolCall{
				{ID: "x", Name: "f", Arguments: `{"a":1}`, Signature: []byte("secret")}, {ID: "y", Name: "g"}}},
			{Role: assistant.RoleTool, ToolCallID: "x", Parts: []assistant.Part{{Text: "1"}, {Text: "2"}}},
			{Role: assistant.RoleTool, ToolCallID: "y"},
		}}, wanted(`"messages":[{"role":"system","content":"be"},{"role":"user","content":"q"},{"role":"assistant","content":"a"},
			{"role":"user","content":"r"},{"role":"assistant","tool_calls":[
				{"id":"x","type":"function","function":{"name":"f","arguments":"{\"a\":1}"}},
				{"id":"y","type":"function","function":{"name":"g","arguments":"{}"}}]},
			{"role":"tool","tool_call_id":"x","content":"12"},{"role":"tool","tool_call_id":"y","content":""}]`)},
		"media": {assistant.Request{Messages: []assistant.Message{{Role: assistant.RoleUser, Parts: []assistant.Part{
			{Text: "see"}, media("image/png"), media("audio/mpeg"), media("audio/wav"), media("Application/PDF; x=y"), {Text: ""}}}}},
			wanted(`"messages":[{"role":"user","content":[{"type":"text","text":"see"},
				{"type":"image_url","image_url":{"url":"data:image/png;base64,YWJj"}},
				{"type":"input_audio","input_audio":{"data":"YWJj","format":"mp3"}},{"type":"input_audio","input_audio":{"data":"YWJj","format":"wav"}},
				{"type":"file","file":{"filename":"document.pdf","file_data":"data:application/pdf;base64,YWJj"}}]}]`)},
		"options": {with(func(r *assistant.Request) {
			r.Options = assistant.Options{MaxTokens: &two, Temperature: &low, TopP: &low, TopK: &one, PresencePenalty: &high,
				FrequencyPenalty: &low, Seed: &seed, Stop: []string{"a", "b"}, Effort: assistant.EffortHigh}
		}), wanted(helloMessages + `,"max_tokens":2,"temperature":0.25,"top_p":0.25,"top_k":1,"presence_penalty":-0.5,"frequency_penalty":0.25,
			"seed":1152921504606846976,"stop":["a","b"],"reasoning_effort":"high"`)},
		"zeros": {with(func(r *assistant.Request) {
			zero, none := 0.0, int64(0)
			r.Options = assistant.Options{Temperature: &zero, PresencePenalty: &zero, FrequencyPenalty: &zero, Seed: &none}
		}), wanted(helloMessages + `,"temperature":0,"presence_penalty":0,"frequency_penalty":0,"seed":0`)},
		"least effort": {with(func(r *assistant.Request) { r.Options.Effort = assistant.EffortMinimal }), wanted(helloMessages + `,"reasoning_effort":"low"`)},
		"most effort":  {with(func(r *assistant.Request) { r.Options.Effort = assistant.EffortMax }), wanted(helloMessages + `,"reasoning_effort":"high"`)},
		"no effort":    {with(func(r *assistant.Request) { r.Options.Effort = assistant.EffortNone }), wanted(helloMessages + `,"reasoning_effort":"none"`)},
		"tools":        {with(func(r *assistant.Request) { r.Tools = tools }), wanted(helloMessages + `,"tools":[` + fSent + `,` + gSent + `]`)},
		"no calls, one at most": {with(func(r *assistant.Request) {
			r.Tools, r.ToolChoice = tools, assistant.ToolChoice{Mode: assistant.ToolsNone, One: true}
		}), wanted(helloMessages + `,"tools":[` + fSent + `,` + gSent + `],"tool_choice":"none","parallel_tool_calls":false`)},
		"any call": {with(func(r *assistant.Request) {
			r.Tools, r.ToolChoice = tools, assistant.ToolChoice{Mode: assistant.ToolsRequired}
		}), wanted(helloMessages + `,"tools":[` + fSent + `,` + gSent + `],"tool_choice":"required"`)},
		"some calls": {with(func(r *assistant.Request) {
			r.Tools, r.ToolChoice = tools, assistant.ToolChoice{Names: []string{"g"}}
		}), wanted(helloMessages + `,"tools":[` + gSent + `]`)},
		"this call": {with(func(r *assistant.Request) {
			r.Tools, r.ToolChoice = tools, assistant.ToolChoice{Mode: assistant.ToolsRequired, Names: []string{"g"}}
		}), wanted(helloMessages + `,"tools":[` + gSent + `],"tool_choice":{"type":"function","function":{"name":"g"}}`)},
		"a choice without tools": {with(func(r *assistant.Request) {
			r.ToolChoice = assistant.ToolChoice{Mode: assistant.ToolsRequired, One: true}
		}), wanted(helloMessages)},
		"JSON": {with(func(r *assistant.Request) { r.Format.JSON = true }), wanted(helloMessages + `,"response_format":{"type":"json_object"}`)},
		"a schema": {with(func(r *assistant.Request) {
			r.Format = assistant.Format{JSON: true, Schema: json.RawMessage(`{"type":"object"}`)}
		}), wanted(helloMessages + `,"response_format":{"type":"json_schema","json_schema":{"name":"answer","schema":{"type":"object"}}}`)},
		"a strict schema": {with(func(r *assistant.Request) {
			r.Format = assistant.Format{JSON: true, Schema: json.RawMessage(`{"type":"object"}`), Name: "n", Strict: true}
		}), wanted(helloMessages + `,"response_format":{"type":"json_schema","json_schema":{"name":"n","strict":true,"schema":{"type":"object"}}}`)},
	} {
		t.Run(name, func(t *testing.T) { sameJSON(t, sent(t, tt.request), tt.want) })
	}
}

// TestSchemasKeepTheirOrder: models write the properties in the schema's order.
func TestSchemasKeepTheirOrder(t *testing.T) {
	const schema = `{"properties":{"reason":{"type":"string"},"answer":{"type":"string"}}}`
	r := hello()
	r.Tools = []assistant.Tool{{Name: "f", Parameters: json.RawMessage(schema)}}
	r.Format = assistant.Format{JSON: true, Schema: json.RawMessage(schema)}
	if got := sent(t, r); strings.Count(got, schema) != 2 {
		t.Errorf("the request is %s", got)
	}
}

func TestOpenAIHasNamesOfItsOwn(t *testing.T) {
	n := 5
	client := newClient(t, Config{})
	r := hello()
	r.Options = assistant.Options{MaxTokens: &n, Effort: assistant.EffortMinimal}
	body, err := client.toOpenAI("m", r)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	sameJSON(t, string(got), wanted(helloMessages+`,"max_completion_tokens":5,"reasoning_effort":"minimal"`))
}

func TestWhatCannotBeSentIsInvalid(t *testing.T) {
	server := serve(t, reply{body: sse(end("stop"))})
	m := newClient(t, Config{BaseURL: server.URL}).Model("m")
	video := []assistant.Part{{Media: &assistant.Media{Type: "video/mp4"}}}
	image := []assistant.Part{{Media: &assistant.Media{Type: "image/png"}}}
	for name, r := range map[string]assistant.Request{
		"nothing":             {},
		"a video":             {Messages: []assistant.Message{{Role: assistant.RoleUser, Parts: video}}},
		"an image of a tool":  {Messages: []assistant.Message{{Role: assistant.RoleTool, Parts: image}}},
		"an image of a model": {Messages: []assistant.Message{{Role: assistant.RoleModel, Parts: image}}},
		"an unknown role":     {Messages: []assistant.Message{{Role: canaryWords}}},
		"no schema":           {System: "s", Tools: []assistant.Tool{{Name: "f", Parameters: json.RawMessage(canaryWords)}}},
	} {
		_, err := m.Generate(t.Context(), r, nil)
		if assistant.KindOf(err) != assistant.KindInvalid || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(server.requests) > 0 {
		t.Errorf("%d were sent", len(server.requests))
	}
}
