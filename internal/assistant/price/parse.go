package price

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxPrice is the highest price accepted, in US dollars per million tokens: a dollar a token.
const maxPrice = 1e6

// Parse reads a price file:
//
//	models:
//	  gemini-flash-latest: {prompt: 0.10, completion: 0.40, cached: 0.025}
//
// Prices are US dollars per million tokens. prompt and completion are required; cached is the price of prompt tokens that
// the vendor had cached, by default that of any prompt token. Parse is strict: an error names the line and the field.
func Parse(data []byte) (Table, error) {
	in := yaml.NewDecoder(bytes.NewReader(data))
	var file yaml.Node
	switch err := in.Decode(&file); {
	case errors.Is(err, io.EOF):
		return nil, errors.New("the file is empty; it needs models with their prices")
	case err != nil:
		return nil, fmt.Errorf("not YAML: %s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := in.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, errors.New("the file holds more than one document")
	}
	top, err := fields(file.Content[0], "")
	if err != nil {
		return nil, err
	}
	var table Table
	for _, f := range top {
		if f.name != "models" {
			return nil, f.invalid("unknown field; the only one is models")
		}
		if table, err = parseModels(f); err != nil {
			return nil, err
		}
	}
	if len(table) == 0 {
		return nil, errors.New("models: names no model")
	}
	return table, nil
}

func parseModels(f field) (Table, error) {
	named, err := fields(f.value, f.path)
	if err != nil {
		return nil, err
	}
	table := make(Table, len(named))
	for _, m := range named {
		if m.name == "" {
			return nil, m.invalid("the name of the model is empty")
		}
		if table[m.name], err = parsePrice(m); err != nil {
			return nil, err
		}
	}
	return table, nil
}

func parsePrice(m field) (Price, error) {
	given, err := fields(m.value, m.path)
	if err != nil {
		return Price{}, err
	}
	values := map[string]float64{}
	for _, f := range given {
		switch f.name {
		case "prompt", "completion", "cached":
			if values[f.name], err = f.parseDollars(); err != nil {
				return Price{}, err
			}
		default:
			return Price{}, f.invalid("unknown field; a model has prompt, completion and cached")
		}
	}
	for _, name := range []string{"prompt", "completion"} {
		if _, ok := values[name]; !ok {
			return Price{}, m.invalid("lacks the price of its " + name + " tokens")
		}
	}
	p := Price{Prompt: values["prompt"], Completion: values["completion"], Cached: values["prompt"]}
	if cached, ok := values["cached"]; ok {
		p.Cached = cached
	}
	return p, nil
}

// field is a key of a mapping with its value.
type field struct {
	name, path string // path holds the names of its parents too
	line       int
	value      *yaml.Node
}

// fields returns the fields of a mapping. It rejects anything else, also anchors, merges and duplicate names.
func fields(n *yaml.Node, path string) ([]field, error) {
	if n.Kind != yaml.MappingNode {
		return nil, field{path: path, line: n.Line}.invalid("must be a mapping")
	}
	seen := map[string]int{}
	var out []field
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		f := field{name: key.Value, path: strings.TrimPrefix(path+"."+key.Value, "."), line: key.Line, value: n.Content[i+1]}
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			return nil, f.invalid("must be a plain name")
		}
		if line, ok := seen[f.name]; ok {
			return nil, f.invalid(fmt.Sprintf("was given in line %d already", line))
		}
		seen[f.name] = f.line
		out = append(out, f)
	}
	return out, nil
}

// parseDollars reads a price. It must be a number: not "0.1" in quotes, not .nan, not .inf.
func (f field) parseDollars() (float64, error) {
	v := f.value
	number := v.Kind == yaml.ScalarNode && (v.Tag == "!!float" || v.Tag == "!!int")
	usd, err := strconv.ParseFloat(v.Value, 64)
	switch {
	case !number, err != nil, math.IsNaN(usd), math.IsInf(usd, 0):
		return 0, f.invalid("must be a plain number, US dollars per million tokens")
	case usd < 0 || math.Signbit(usd):
		return 0, f.invalid("must not be negative")
	case usd > maxPrice:
		return 0, f.invalid("is more than a dollar a token; prices are per million tokens")
	}
	return usd, nil
}

func (f field) invalid(how string) error {
	if f.path == "" {
		return fmt.Errorf("line %d: the file %s", f.line, how)
	}
	return fmt.Errorf("line %d: %s: %s", f.line, f.path, how)
}
