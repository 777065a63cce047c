package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/plimsoll-dev/plimsoll/internal/manifest"
)

const (
	// maxItems and maxText are where lists and texts of an answer are cut that is too long, at first.
	maxItems, maxText = 256, 2048
	// leftOff is the end of the name of a field that counts what a list has lost.
	leftOff = "LeftOff"
)

// fit returns the JSON object as it is when it has at most limit bytes. Else its lists are cut, at all depths, until it does, and beside each
// stands how many of its elements were left off; long texts are cut too.
func fit(text []byte, limit int) (json.RawMessage, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if compact.Len() <= limit {
		return compact.Bytes(), nil
	}
	for items := maxItems; items > 0; items -= max(items/4, 1) {
		decoder := json.NewDecoder(bytes.NewReader(text))
		decoder.UseNumber()
		var object map[string]any
		if err := decoder.Decode(&object); err != nil {
			return nil, fmt.Errorf("reading the answer: %w", err)
		}
		var short bytes.Buffer
		encoder := json.NewEncoder(&short)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(cut(object, items)); err != nil {
			return nil, fmt.Errorf("writing the answer: %w", err)
		}
		if short.Len() <= limit {
			return bytes.TrimSpace(short.Bytes()), nil
		}
	}
	return nil, fmt.Errorf("the answer has %d bytes, and %d are allowed, even when all of its lists are cut: ask for less at a time", compact.Len(), limit)
}

// cut returns the value with at most that many elements in each of its lists.
func cut(value any, items int) any {
	switch value := value.(type) {
	case string:
		return cutText(value, maxText)
	case []any:
		value = value[:min(len(value), items)]
		for i := range value {
			value[i] = cut(value[i], items)
		}
		return value
	case map[string]any:
		short := make(map[string]any, len(value))
		for name, field := range value {
			short[name] = cut(field, items)
			if list, isList := field.([]any); isList && len(list) > items {
				short[name+leftOff] = len(list) - items
			}
		}
		return short
	default:
		return value
	}
}

// cutText cuts a text after at most limit bytes, at the end of a line if it has any, and says how much was left off.
func cutText(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	kept := strings.ToValidUTF8(text[:limit], "")
	if end := strings.LastIndexByte(kept, '\n'); end > 0 {
		return fmt.Sprintf("%s\n(%s left off)\n", kept[:end], manifest.Count(strings.Count(text[end+1:], "\n"), "line"))
	}
	return fmt.Sprintf("%s... (%s left off)", kept, manifest.Count(len(text)-len(kept), "byte"))
}
