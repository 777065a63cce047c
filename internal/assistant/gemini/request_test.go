package gemini

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
)

// sentFor returns the body that a request is sent as.
func sentFor(t *testing.T, model string, r assistant.Request) map[string]any {
	t.Helper()
	var sent map[string]any
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
			t.Error(err)
		}
		_, _ = io.WriteString(w, chunk("a", 1))
	})
	if _, err := newClient(t, srv, testSilence).Model(model).Generate(t.Context(), r, nil); err != nil {
		t.Fatal(err)
	}
	return sent
}

// fromJSON is what a text means.
func fromJSON(t *testing.T, text string) any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}

func TestWhatIsSent(t *testing.T) {
	call := assistant.ToolCall{ID: "c1", Name: "depth", Arguments: `{"place":"Elbe"}`, Signature: []byte("sig")}
	user := assistant.NewText(assistant.RoleUser, "hi")
	toolRound := []assistant.Message{
		user,
		{Role: assistant.RoleModel, Parts: []assistant.Part{{Text: "a moment"}}, ToolCalls: []assistant.ToolCall{call, {ID: "c2", Name: "tide"}}},
		{Role: assistant.RoleTool, ToolCallID: "c1", Parts: []assistant.Part{{Text: `{"fathoms":4}`}}},
		{Role: assistant.RoleTool, ToolCallID: "c2", Parts: []assistant.Part{{Text: "high"}}},
	}
	tools := []assistant.Tool{{Name: "depth", Description: "d", Parameters: json.RawMessage(`{"$schema":"x","type":"object","properties":{"place":{"type":"string"}}}`)}, {Name: "tide"}}
	for _, tt := range []struct {
		name, model string
		request     assistant.Request
		field, want string // a path in the body, with dots, and the JSON there; empty for none
	}{
		{"only a system instruction", modelName, assistant.Request{System: "be brief"}, "contents", `[{"role":"user","parts":[{"text":"be brief"}]}]`},
		{"media in order", modelName, assistant.Request{Messages: []assistant.Message{{Role: assistant.RoleUser, Parts: []assistant.Part{
			{Text: "one"}, {Media: &assistant.Media{Type: "image/png", Data: []byte("x")}}, {Text: "two"},
		}}}}, "contents", `[{"role":"user","parts":[{"text":"one"},{"inlineData":{"mimeType":"image/png","data":"eA=="}},{"text":"two"}]}]`},
		{"a round of tools", modelName, assistant.Request{Messages: toolRound, Tools: tools}, "contents", `[
			{"role":"user","parts":[{"text":"hi"}]},
			{"role":"model","parts":[{"text":"a moment"},{"functionCall":{"id":"c1","name":"depth","args":{"place":"Elbe"}},"thoughtSignature":"c2ln"},{"functionCall":{"id":"c2","name":"tide"}}]},
			{"role":"user","parts":[{"functionResponse":{"id":"c1","name":"depth","response":{"fathoms":4}}},{"functionResponse":{"id":"c2","name":"tide","response":{"result":"high"}}}]}]`},
		{"tools", modelName, assistant.Request{Messages: []assistant.Message{user}, Tools: tools}, "tools", `[{"functionDeclarations":[
			{"name":"depth","description":"d","parametersJsonSchema":{"type":"object","properties":{"place":{"type":"string"}}}},{"name":"tide"}]}]`},
		{"no choice", modelName, assistant.Request{Messages: []assistant.Message{user}, Tools: tools}, "toolConfig", ``},
		{"a named choice", modelName, assistant.Request{Messages: []assistant.Message{user}, Tools: tools,
			ToolChoice: assistant.ToolChoice{Mode: assistant.ToolsRequired, Names: []string{"tide"}}},
			"toolConfig.functionCallingConfig", `{"mode":"ANY","allowedFunctionNames":["tide"]}`},
		{"no tools allowed", modelName, assistant.Request{Messages: []assistant.Message{user}, Tools: tools, ToolChoice: assistant.ToolChoice{Mode: assistant.ToolsNone}},
			"toolConfig.functionCallingConfig", `{"mode":"NONE"}`},
		{"JSON", modelName, assistant.Request{Messages: []assistant.Message{user}, Format: assistant.Format{JSON: true}},
			"generationConfig", `{"responseMimeType":"application/json"}`},
		{"a schema", modelName, assistant.Request{Messages: []assistant.Message{user}, Format: assistant.Format{JSON: true, Schema: json.RawMessage(`{"type":"object"}`)}},
			"generationConfig", `{"responseMimeType":"application/json","responseJsonSchema":{"type":"object"}}`},
		{"effort of today", modelName, withEffort(assistant.EffortNone), "generationConfig.thinkingConfig", `{"thinkingLevel":"MINIMAL"}`},
		{"effort of 3", "gemini-3-pro-preview", withEffort(assistant.EffortMax), "generationConfig.thinkingConfig", `{"thinkingLevel":"HIGH"}`},
		{"effort of 2.5", "gemini-2.5-flash", withEffort(assistant.EffortMedium), "generationConfig.thinkingConfig", `{"thinkingBudget":8192}`},
		{"no effort of 2.5", "gemini-2.5-flash", withEffort(assistant.EffortNone), "generationConfig.thinkingConfig", `{"thinkingBudget":0}`},
		{"effort of 2.0", "gemini-2.0-flash", withEffort(assistant.EffortHigh), "generationConfig", ``},
		{"penalties, seed, top k", modelName, assistant.Request{Messages: []assistant.Message{user}, Options: assistant.Options{
			PresencePenalty: new(0.5), FrequencyPenalty: new(-0.5), Seed: new(int64(1)<<32 + 7), TopK: new(40),
		}}, "generationConfig", `{"presencePenalty":0.5,"frequencyPenalty":-0.5,"seed":7,"topK":40}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got any = sentFor(t, tt.model, tt.request)
			for name := range strings.SplitSeq(tt.field, ".") {
				object, _ := got.(map[string]any)
				got = object[name]
			}
			var want any
			if tt.want != "" {
				want = fromJSON(t, tt.want)
			}
			if object, ok := got.(map[string]any); ok && len(object) == 0 {
				got = nil
			}
			if !reflect.DeepEqual(got, want) {
				data, _ := json.Marshal(got)
				t.Errorf("sent %s, want %s", data, tt.want)
			}
		})
	}
}

func withEffort(e assistant.Effort) assistant.Request {
	r := generate("hi")
	r.Options.Effort = e
	return r
}

// A conversation that another model began has no signatures; Gemini 3 wants one of each turn's first call.
func TestACallOfAnotherModelIsSigned(t *testing.T) {
	r := assistant.Request{Messages: []assistant.Message{
		assistant.NewText(assistant.RoleUser, "hi"),
		{Role: assistant.RoleModel, ToolCalls: []assistant.ToolCall{{ID: "a", Name: "x"}, {ID: "b", Name: "y"}}},
		{Role: assistant.RoleTool, ToolCallID: "a"}, {Role: assistant.RoleTool, ToolCallID: "b"},
	}}
	for model, want := range map[string]int{modelName: 1, "gemini-3-flash": 1, "gemini-2.5-flash": 0} {
		data, _ := json.Marshal(sentFor(t, model, r))
		if got := strings.Count(string(data), "thoughtSignature"); got != want {
			t.Errorf("%s: %d signatures, want %d: %s", model, got, want, data)
		}
	}
}

func TestEmbeddings(t *testing.T) {
	var paths []string
	srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
		paths = append(paths, r.URL.Path[strings.LastIndex(r.URL.Path, ":"):])
		if strings.HasSuffix(r.URL.Path, ":countTokens") {
			_, _ = io.WriteString(w, `{"totalTokens":9}`)
			return
		}
		_, _ = io.WriteString(w, `{"embeddings":[{"values":[3,4,1]},{"values":[0,0,1]}]}`)
	})
	e := newClient(t, srv, testSilence).Embedder("gemini-embedding-001")
	got, err := e.Embed(t.Context(), assistant.EmbeddingRequest{Texts: []string{"a b", "c"}, Dimensions: new(2)})
	if err != nil {
		t.Fatal(err)
	}
	want := assistant.Embeddings{
		Vectors: [][]float32{{0.6, 0.8}, {0, 0}}, Usage: assistant.Usage{PromptTokens: 9, Source: assistant.UsageReported},
	}
	if !reflect.DeepEqual(got, want) || !reflect.DeepEqual(paths, []string{":batchEmbedContents", ":countTokens"}) {
		t.Errorf("Embed = %+v by %v, want %+v", got, paths, want)
	}
	for name, r := range map[string]assistant.EmbeddingRequest{
		"too many dimensions": {Texts: []string{"a", "b"}, Dimensions: new(4)}, "vectors that are missing": {Texts: []string{"a", "b", "c"}},
	} {
		if _, err := e.Embed(t.Context(), r); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestLookup(t *testing.T) {
	for name, tt := range map[string]struct {
		status int
		body   string
		kind   assistant.Kind
	}{
		"there": {200, `{"name":"models/m"}`, ""}, "not there": {404, apiError("NOT_FOUND", ""), assistant.KindNotFound},
		"bad key": {400, apiError("INVALID_ARGUMENT", info), assistant.KindAuth}, "away": {503, "", assistant.KindUnavailable},
	} {
		calls := 0
		srv := serve(t, func(w http.ResponseWriter, r *http.Request) {
			calls++
			w.WriteHeader(tt.status)
			_, _ = io.WriteString(w, tt.body)
		})
		err := newClient(t, srv, testSilence).Lookup(t.Context(), "m")
		if (err == nil) != (tt.kind == "") || err != nil && assistant.KindOf(err) != tt.kind || calls != 1 {
			t.Errorf("%s: %v after %d requests, want kind %q after one", name, err, calls, tt.kind)
		}
	}
}
