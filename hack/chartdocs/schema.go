package main

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"
)

// marker begins the line of a comment that says what a value may be: the name of a definition, or a piece of JSON Schema.
const marker = "@schema "

const refPrefix = "#/definitions/"

//go:embed definitions.yaml
var definitionsYAML []byte

// schemaDefinitions is what definitions.yaml says.
type schemaDefinitions struct {
	Definitions map[string]any    `yaml:"definitions"`
	Names       map[string]string `yaml:"names"` // of definitions, by the name of the value
}

// schema is the JSON Schema of the values: it refuses what is not among them, and what is of another kind.
func schema(values []byte) ([]byte, error) {
	var k schemaDefinitions
	if err := yaml.Unmarshal(definitionsYAML, &k); err != nil {
		return nil, err
	}
	var document yaml.Node
	if err := yaml.Unmarshal(values, &document); err != nil {
		return nil, err
	}
	root, err := k.object(document.Content[0], "")
	if err != nil {
		return nil, err
	}
	used := map[string]any{}
	if err := k.collect(root, used); err != nil {
		return nil, err
	}
	root["$schema"], root["definitions"] = "http://json-schema.org/draft-07/schema#", used
	text, err := json.MarshalIndent(root, "", "  ")
	return append(text, '\n'), err
}

// object is the schema of an object that has the keys of its default and no other.
func (k schemaDefinitions) object(object *yaml.Node, prefix string) (map[string]any, error) {
	properties := map[string]any{}
	for i := 0; i < len(object.Content); i += 2 {
		key, value := object.Content[i], object.Content[i+1]
		property, err := k.value(key, value, prefix+key.Value)
		if err != nil {
			return nil, err
		}
		properties[key.Value] = property
	}
	return map[string]any{"type": "object", "additionalProperties": false, "properties": properties}, nil
}

// value is the schema of one value: what its comment says, else its name, else its default.
func (k schemaDefinitions) value(key, value *yaml.Node, path string) (map[string]any, error) {
	_, marked := splitComment(key)
	var said any
	if err := yaml.Unmarshal([]byte(marked), &said); err != nil {
		return nil, fmt.Errorf("reading the schema of %s: %w", path, err)
	}
	if said == nil && k.Names[key.Value] != "" {
		said = k.Names[key.Value]
	}
	if name, ok := said.(string); ok {
		return map[string]any{"$ref": refPrefix + name}, nil
	}
	more, isObject := said.(map[string]any)
	if said != nil && !isObject {
		return nil, fmt.Errorf("reading the schema of %s: %q is neither a name nor an object", path, marked)
	}
	property, err := k.ofDefault(value, path)
	if err != nil && (property == nil || !isObject) { // of an empty value the comment says what it holds
		return nil, err
	}
	if more["enum"] != nil {
		delete(property, "type")
	}
	maps.Copy(property, more)
	return property, nil
}

// errEmpty is that of a value whose default does not say what it holds; of such a value the kind is known.
var errEmpty = errors.New("nothing says what it holds: add a comment with " + marker)

// ofDefault is the schema of values like the default.
func (k schemaDefinitions) ofDefault(value *yaml.Node, path string) (map[string]any, error) {
	switch value.Kind {
	case yaml.MappingNode:
		if len(value.Content) == 0 {
			return map[string]any{"type": "object"}, fmt.Errorf("%s: %w", path, errEmpty)
		}
		return k.object(value, path+".")
	case yaml.SequenceNode:
		return map[string]any{"type": "array"}, fmt.Errorf("%s: %w", path, errEmpty)
	}
	switch value.ShortTag() {
	case "!!bool":
		return map[string]any{"type": "boolean"}, nil
	case "!!int":
		return map[string]any{"type": "integer"}, nil
	case "!!float":
		return map[string]any{"type": "number"}, nil
	case "!!str":
		return map[string]any{"type": "string"}, nil
	}
	return nil, fmt.Errorf("%s is a %s, for which there is no schema", path, value.ShortTag())
}

// collect adds the definitions that the schema refers to, and those that they refer to.
func (k schemaDefinitions) collect(schema any, used map[string]any) error {
	switch s := schema.(type) {
	case []any:
		for _, item := range s {
			if err := k.collect(item, used); err != nil {
				return err
			}
		}
	case map[string]any:
		if ref, ok := s["$ref"].(string); ok {
			name := strings.TrimPrefix(ref, refPrefix)
			definition, ok := k.Definitions[name]
			if !ok {
				return fmt.Errorf("there is no definition %s", name)
			}
			if used[name] == nil {
				used[name] = definition
				return k.collect(definition, used)
			}
		}
		for _, item := range s {
			if err := k.collect(item, used); err != nil {
				return err
			}
		}
	}
	return nil
}
