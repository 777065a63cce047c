package price

import (
	"math"
	"reflect"
	"strings"
	"testing"
)

const example = `# US dollars per million tokens
models:
  gemini-flash-latest: {prompt: 0.10, completion: 0.40, cached: 0.025}
  tunedModels/mine:
    prompt: 2
    completion: 12e0
  free: {prompt: 0, completion: 0}
`

func TestParse(t *testing.T) {
	got, err := Parse([]byte(example))
	want := Table{
		"gemini-flash-latest": {Prompt: 0.1, Completion: 0.4, Cached: 0.025},
		"tunedModels/mine":    {Prompt: 2, Completion: 12, Cached: 2}, // without a price of their own, cached tokens are as dear as any
		"free":                {},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("Parse = %v, %v; want %v", got, err, want)
	}
}

func TestErrorsNameTheLineAndTheField(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"empty", "", "empty"},
		{"only a comment", "# none yet\n", "empty"},
		{"not YAML", "models:\n\t- x\n", "line 2: "},
		{"not a mapping", "- models\n", "line 1: the file must be a mapping"},
		{"two documents", example + "---\n" + example, "more than one document"},
		{"unknown top field", "model: {}\n", "line 1: model: unknown field"},
		{"no models", "models: {}\n", "models: names no model"},
		{"models left empty", "models:\n", "line 1: models: must be a mapping"},
		{"models is a list", "models:\n- a\n", "line 2: models: must be a mapping"},
		{"price is a number", "models:\n  a: 3\n", "line 2: models.a: must be a mapping"},
		{"unknown field", "models:\n  a: {prompt: 1, completion: 1, output: 2}\n", "line 2: models.a.output: unknown field"},
		{"no prompt", "models:\n  a: {completion: 1}\n", "line 2: models.a: lacks the price of its prompt"},
		{"no completion", "models:\n  a:\n    prompt: 1\n", "line 2: models.a: lacks the price of its completion"},
		{"negative", "models:\n  a:\n    prompt: 1\n    completion: -0.1\n", "line 4: models.a.completion: must not be negative"},
		{"negative zero", "models:\n  a: {prompt: -0, completion: -0.0}\n", "line 2: models.a.prompt: must not be negative"},
		{"not a number", "models:\n  a: {prompt: .nan, completion: 1}\n", "line 2: models.a.prompt: must be a plain number"},
		{"NaN in letters", "models:\n  a: {prompt: NaN, completion: 1}\n", "line 2: models.a.prompt: must be a plain number"},
		{"infinite", "models:\n  a: {prompt: .inf, completion: 1}\n", "line 2: models.a.prompt: must be a plain number"},
		{"too large a float", "models:\n  a: {prompt: 1e999, completion: 1}\n", "line 2: models.a.prompt: must be a plain number"},
		{"per token by mistake", "models:\n  a: {prompt: 1000001, completion: 1}\n", "line 2: models.a.prompt: is more than a dollar a token"},
		{"in quotes", "models:\n  a: {prompt: \"1\", completion: 1}\n", "line 2: models.a.prompt: must be a plain number"},
		{"with a sign of money", "models:\n  a: {prompt: $1, completion: 1}\n", "line 2: models.a.prompt: must be a plain number"},
		{"left empty", "models:\n  a: {prompt: , completion: 1}\n", "line 2: models.a.prompt: must be a plain number"},
		{"model twice", "models:\n  a: {prompt: 1, completion: 1}\n  a: {prompt: 2, completion: 1}\n", "line 3: models.a: was given in line 2"},
		{"field twice", "models:\n  a: {prompt: 1, prompt: 2, completion: 1}\n", "line 2: models.a.prompt: was given in line 2"},
		{"merge", "models:\n  a: &a {prompt: 1, completion: 1}\n  b:\n    <<: *a\n", "line 4: models.b.<<: must be a plain name"},
		{"alias", "models:\n  a: &a {prompt: 1, completion: 1}\n  b: *a\n", "line 3: models.b: must be a mapping"},
		{"nameless", "models:\n  \"\": {prompt: 1, completion: 1}\n", "the name of the model is empty"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			table, err := Parse([]byte(tt.file))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("Parse = %v, %v; want an error with %q", table, err, tt.want)
			}
		})
	}
}

func TestCost(t *testing.T) {
	p := Price{Prompt: 0.10, Completion: 0.40, Cached: 0.025}
	if got, want := p.PromptUSD(2_000_000, 1_000_000), 0.225; got != want {
		t.Errorf("3M prompt tokens, 1M of them cached, cost %v, want %v", got, want)
	}
	if got, want := p.CompletionUSD(500_000), 0.2; got != want {
		t.Errorf("500k completion tokens cost %v, want %v", got, want)
	}
}

func TestAModelWithoutAPriceHasNone(t *testing.T) {
	if p, ok := (Table{"a": {}}).Of("b"); ok {
		t.Errorf("Of = %v", p)
	}
	if _, ok := (Table{"a": {}}).Of("a"); !ok {
		t.Error("a model whose price is zero has no price")
	}
	if _, ok := Table(nil).Of("a"); ok {
		t.Error("no table prices a model")
	}
}

// FuzzParse holds every table that is accepted to prices that can be counted with.
func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Fuzz(func(t *testing.T, data []byte) {
		table, err := Parse(data)
		if err != nil {
			if table != nil || err.Error() == "" {
				t.Errorf("Parse = %v beside %q", table, err)
			}
			return
		}
		if len(table) == 0 {
			t.Error("an empty table was accepted")
		}
		for model, p := range table {
			for _, usd := range []float64{p.Prompt, p.Completion, p.Cached} {
				if math.IsNaN(usd) || usd < 0 || usd > maxPrice {
					t.Errorf("%q costs %v", model, p)
				}
			}
		}
	})
}
