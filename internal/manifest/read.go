package manifest

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/plimsoll-dev/plimsoll/internal/alert"
	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// content is what one file holds.
type content struct {
	thresholds []*Threshold
	// mistakes are of documents that are not even an AlertThreshold, such as bad YAML.
	errors []Diagnostic
	// skipped counts the objects of other kinds.
	skipped int
	// withRules says that rules are read too.
	withRules bool
	rules     alert.Set
}

// read reads every AlertThreshold in the data, and the rules if asked to. It reports mistakes and goes on.
func read(file string, data []byte, withRules bool) content {
	c := content{withRules: withRules}
	for _, doc := range documents(file, decoded(data)) {
		if doc.err != nil {
			c.errors = append(c.errors, *doc.err)
			continue
		}
		c.add(doc.source, doc.value, doc.node)
	}
	return c
}

// decoded is the text as kubectl decodes it: UTF-16 by its byte order mark, else UTF-8, bytes that are none replaced.
func decoded(data []byte) []byte {
	text, _, err := transform.Bytes(unicode.BOMOverride(unicode.UTF8.NewDecoder()), data)
	if err != nil {
		return data
	}
	return text
}

// add takes an object in, or the items of a list.
func (c *content) add(at *source, value any, node *yaml.Node) {
	object, ok := value.(map[string]any)
	if !ok {
		c.errors = append(c.errors, noKind(at, node))
		return
	}
	apiVersion, _ := object["apiVersion"].(string)
	kind, _ := object["kind"].(string)
	items, isList := object["items"].([]any)
	switch {
	case isList && strings.HasSuffix(kind, "List"):
		for i, item := range items {
			if !inferKind(item, apiVersion, strings.TrimSuffix(kind, "List")) {
				c.errors = append(c.errors, noKind(at, itemNode(node, i)))
				continue
			}
			c.add(at, item, itemNode(node, i))
		}
	case !isOurs(apiVersion, kind):
		if !c.withRules || !c.addRules(at, node) {
			c.skipped++
		}
	default:
		c.thresholds = append(c.thresholds, newThreshold(at, object, node))
	}
}

// inferKind gives an item of a list its type, as kubectl does where it has neither half of one. It reports whether the item has a kind.
func inferKind(item any, apiVersion, kind string) bool {
	object, ok := item.(map[string]any)
	if !ok {
		return false
	}
	if object["apiVersion"] == nil && object["kind"] == nil && kind != "" {
		object["apiVersion"], object["kind"] = apiVersion, kind
	}
	return object["kind"] != nil
}

func noKind(at *source, node *yaml.Node) Diagnostic {
	return Diagnostic{Position: at.position(node), Message: "is not a Kubernetes object: there is no kind"}
}

// addRules takes the rules of an object in; false when it has none to read.
func (c *content) addRules(at *source, node *yaml.Node) bool {
	set, problems, isRules := alert.FromNode(node)
	for i := range set.Alerts {
		set.Alerts[i].File, set.Alerts[i].Line = at.file, at.clamp(set.Alerts[i].Line, 1).Line
	}
	for i := range set.Records {
		set.Records[i].File, set.Records[i].Line = at.file, at.clamp(set.Records[i].Line, 1).Line
	}
	for _, p := range problems {
		c.errors = append(c.errors, Diagnostic{Position: at.clamp(p.Line, p.Column), Message: p.Message})
	}
	c.rules.Add(set)
	return isRules
}

// itemNode is the node of a list's item.
func itemNode(list *yaml.Node, i int) *yaml.Node { return valueAt(list, fmt.Sprintf("items[%d]", i)) }

func newThreshold(at *source, object map[string]any, node *yaml.Node) *Threshold {
	t := &Threshold{source: at, node: node, object: object}
	metadata, _ := object["metadata"].(map[string]any)
	t.Name, _ = metadata["name"].(string)
	t.Namespace, _ = metadata["namespace"].(string)
	if apiVersion := v1alpha1.GroupVersion.String(); object["apiVersion"] != apiVersion {
		t.diagnostics = append(t.diagnostics, t.diagnostic("apiVersion", "must be "+apiVersion))
	}
	if object["kind"] != v1alpha1.Kind {
		t.diagnostics = append(t.diagnostics, t.diagnostic("kind", "must be "+v1alpha1.Kind))
	}
	t.findRepeated(node, "")
	return t
}

// findRepeated reports keys that a mapping has twice: kubectl takes the last without a word.
func (t *Threshold) findRepeated(node *yaml.Node, path string) {
	if node == nil {
		return
	}
	first := map[string]*yaml.Node{}
	for i, child := range node.Content {
		switch {
		case node.Kind == yaml.SequenceNode:
			t.findRepeated(child, fmt.Sprintf("%s[%d]", path, i))
		case node.Kind == yaml.MappingNode && i%2 == 0:
			field := strings.TrimPrefix(path+"."+child.Value, ".")
			if earlier, repeated := first[child.Value]; repeated {
				t.diagnostics = append(t.diagnostics, Diagnostic{
					Position: t.source.position(child), Field: field,
					Message: fmt.Sprintf("is set twice, first in line %d: remove one of the two", t.source.position(earlier).Line),
				})
			} else {
				first[child.Value] = child
			}
			t.findRepeated(node.Content[i+1], field)
		}
	}
}
