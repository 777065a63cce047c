package main

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	const values = `# About the file.

# What it
# is; one|two.
name: ""
# A part.
part:
  enabled: true
  # One line.
  prices: {m: {a: 1}}
  list:
    - {b: "2"}
resources:
  limits: {cpu: 1}
`
	const want = "| value | what it is | default |\n| --- | --- | --- |\n" +
		"| `name` | What it is; one\\|two. | `\"\"` |\n" +
		"| **`part`** | A part. | |\n" +
		"| `part.enabled` |  | `true` |\n" +
		"| `part.prices` | One line. | `{m: {a: 1}}` |\n" +
		"| `part.list` |  | `[{b: \"2\"}]` |\n" +
		"| `resources` |  | `{limits: {cpu: 1}}` |\n"
	got, err := table([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestSchema: a default says what a value may be, a comment or the value's name says more, and nothing else is let in.
func TestSchema(t *testing.T) {
	const values = `name: ""
replicas: 1
ratio: 0.5
# What it is.
# @schema {enum: [a, b]}
kind: a
# @schema port
at: 80
part:
  enabled: true
  labels: {}
  # @schema {items: {type: string}}
  list: []
`
	var got, want any
	text, err := schema([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	const expected = `{
		"$schema": "http://json-schema.org/draft-07/schema#", "type": "object", "additionalProperties": false,
		"properties": {
			"name": {"type": "string"}, "replicas": {"type": "integer"}, "ratio": {"type": "number"}, "kind": {"enum": ["a", "b"]},
			"at": {"$ref": "#/definitions/port"},
			"part": {"type": "object", "additionalProperties": false, "properties": {
				"enabled": {"type": "boolean"}, "labels": {"$ref": "#/definitions/strings"},
				"list": {"type": "array", "items": {"type": "string"}}}}},
		"definitions": {
			"port": {"type": "integer", "minimum": 1, "maximum": 65535},
			"strings": {"type": "object", "additionalProperties": {"type": "string"}}}}`
	if err := json.Unmarshal([]byte(expected), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%s\nwant\n%s", text, expected)
	}
}

// TestSchemaIsComplete: a value that nothing describes is an error, and so is a definition that is not there.
func TestSchemaIsComplete(t *testing.T) {
	for values, want := range map[string]string{
		"a: {}":                        "a: nothing says what it holds",
		"a: {b: []}":                   "a.b: nothing says what it holds",
		"a: null":                      "a is a !!null",
		"# @schema bogus\na: 1":        "no definition bogus",
		"# @schema {x: {\na: 1":        "reading the schema of a",
		"# @schema [1]\na: 1":          "reading the schema of a",
		"# @schema {x: 1}\na: {b: {}}": "a.b: nothing says what it holds",
	} {
		if _, err := schema([]byte(values)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", values, err, want)
		}
	}
}
