// Package manifest reads AlertThresholds from YAML and JSON files as kubectl reads them, and remembers where in the file
// every field stands, so that a mistake can be shown at its line.
package manifest

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// Position is a place in a file. Line and Column count from 1, columns in characters; a Column of 0 stands for the whole
// line, a Line of 0 for the whole file.
type Position struct {
	File   string `json:"file"`
	Line   int    `json:"line,omitempty"`
	Column int    `json:"column,omitempty"`
}

// String is the position in the form that editors and terminals make a link of: file:line:column.
func (p Position) String() string {
	switch {
	case p.Line == 0:
		return p.File
	case p.Column == 0:
		return fmt.Sprintf("%s:%d", p.File, p.Line)
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// Diagnostic is what is wrong, or likely to be, at one place.
type Diagnostic struct {
	Position
	// Field is the path of the field, such as spec.levels[0].above; empty when the mistake is the file's.
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// String is the mistake in one line: file:line:column: field: message.
func (m Diagnostic) String() string {
	if m.Field == "" {
		return m.Position.String() + ": " + m.Message
	}
	return m.Position.String() + ": " + m.Field + ": " + m.Message
}

// Threshold is an AlertThreshold as it is written in a file.
type Threshold struct {
	// Namespace and Name are those of the metadata, the namespace filled in.
	Namespace, Name string

	source *source
	node   *yaml.Node
	object map[string]any
	// found are the mistakes that reading it brought up.
	diagnostics []Diagnostic
}

// Position is where the field of that path stands or, when it is not there, the nearest field that it would be part of.
func (t *Threshold) Position(path string) Position {
	return t.source.position(find(t.node, path))
}

func (t *Threshold) diagnostic(path, message string) Diagnostic {
	return Diagnostic{Position: t.Position(path), Field: path, Message: message}
}

// isOurs reports whether a document of that type means to be an AlertThreshold.
func isOurs(apiVersion, kind string) bool {
	group, _, _ := strings.Cut(apiVersion, "/")
	return kind == v1alpha1.Kind || group == v1alpha1.GroupVersion.Group
}
