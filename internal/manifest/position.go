package manifest

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// source is a file's text and one document's place in it.
type source struct {
	file  string
	lines [][]byte
	// line and column are how far the document's first line and its first character lie from the file's.
	line, column int
}

func newSource(file string, data []byte) *source {
	return &source{file: file, lines: bytes.Split(data, []byte("\n"))}
}

// at is the same file, with a document that begins at that byte.
func (s *source) at(data []byte, offset int) *source {
	before := data[:offset]
	lineStart := bytes.LastIndexByte(before, '\n') + 1
	return &source{
		file:   s.file,
		lines:  s.lines,
		line:   bytes.Count(before, []byte("\n")),
		column: utf8.RuneCount(before[lineStart:]),
	}
}

// position is where the node stands in the file. YAML counts further characters as line breaks than editors do, so what
// lies beyond the end is brought back to it.
func (s *source) position(node *yaml.Node) Position {
	if node == nil {
		return s.clamp(1, 1)
	}
	return s.clamp(node.Line, node.Column)
}

// clamp is the position of a document's line and column.
func (s *source) clamp(line, column int) Position {
	if line <= 1 {
		column += s.column
	}
	line = min(max(line, 1)+s.line, len(s.lines))
	column = min(max(column, 1), utf8.RuneCount(s.lines[line-1])+1)
	return Position{File: s.file, Line: line, Column: column}
}

// find walks the path, such as spec.levels[0].above, and returns the node that stands for it: the key of a mapping's
// field, the item of a sequence. Where the path leads nowhere it returns how far it came. The keys of maps may hold dots,
// written in the path in brackets or not, so of several keys that fit the longest counts.
func find(node *yaml.Node, path string) *yaml.Node {
	key, _, _ := walk(node, path)
	return key
}

// valueAt is the node of the path's value; nil when the path leads nowhere.
func valueAt(node *yaml.Node, path string) *yaml.Node {
	_, value, whole := walk(node, path)
	if !whole {
		return nil
	}
	return resolve(value)
}

// walk goes down the path as far as it leads; whole when that is all of it.
func walk(node *yaml.Node, path string) (key, value *yaml.Node, whole bool) {
	key, value = node, node
	for rest := "." + path; rest != "" && path != ""; {
		nextKey, nextValue, remainder := step(value, rest)
		if nextValue == nil {
			return key, value, false
		}
		key, value, rest = nextKey, nextValue, remainder
	}
	return key, value, true
}

// step follows the first part of the path; value is nil when there is no such part.
func step(node *yaml.Node, path string) (key, value *yaml.Node, rest string) {
	node = resolve(node)
	switch {
	case node == nil:
	case node.Kind == yaml.SequenceNode:
		inside, after, ok := strings.Cut(strings.TrimPrefix(path, "["), "]")
		if i, err := strconv.Atoi(inside); ok && err == nil && i >= 0 && i < len(node.Content) {
			return node.Content[i], node.Content[i], after
		}
	case node.Kind == yaml.MappingNode:
		longest := -1
		for i := 0; i+1 < len(node.Content); i += 2 {
			if after, ok := cutKey(path, node.Content[i].Value); ok && len(node.Content[i].Value) > longest {
				longest = len(node.Content[i].Value)
				key, value, rest = node.Content[i], node.Content[i+1], after
			}
		}
	}
	return key, value, rest
}

// cutKey takes .key or [key] off the path.
func cutKey(path, key string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(path, "["+key+"]"); ok {
		return rest, true
	}
	rest, ok = strings.CutPrefix(path, "."+key)
	return rest, ok && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// resolve is the node that an alias stands for. An alias cannot name another, so one step is enough.
func resolve(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}
