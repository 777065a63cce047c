// Command chartdocs writes the table of a chart's values into its README.md, and values.schema.json, from the comments and
// defaults of values.yaml: go run ./hack/chartdocs CHART...
package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/plimsoll-dev/plimsoll/hack/program"
)

// Between these lines of a README stands the table.
const (
	begin = "<!-- values: written by make generate -->\n"
	end   = "<!-- end of values -->\n"
)

func main() { program.Main("chartdocs", run) }

func run(_ context.Context, charts []string, _ io.Writer) error {
	for _, chart := range charts {
		values, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
		if err != nil {
			return err
		}
		list, err := table(values)
		if err != nil {
			return fmt.Errorf("%s: %w", chart, err)
		}
		encoded, err := schema(values)
		if err != nil {
			return fmt.Errorf("%s: %w", chart, err)
		}
		if err := os.WriteFile(filepath.Join(chart, "values.schema.json"), encoded, 0o644); err != nil {
			return err
		}
		path := filepath.Join(chart, "README.md")
		readme, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		before, rest, ok := bytes.Cut(readme, []byte(begin))
		_, after, ok2 := bytes.Cut(rest, []byte(end))
		if !ok || !ok2 {
			return fmt.Errorf("%s has no place for the table: the lines %q and %q", path, begin, end)
		}
		text := string(before) + begin + "\n" + list + "\n" + end + string(after)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// table is the Markdown table of the values: a line for each that is no object, and one for each object that a comment
// explains.
func table(values []byte) (string, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(values, &document); err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString("| value | what it is | default |\n| --- | --- | --- |\n")
	if err := rows(&text, document.Content[0], ""); err != nil {
		return "", err
	}
	return text.String(), nil
}

func rows(text *strings.Builder, object *yaml.Node, prefix string) error {
	for i := 0; i < len(object.Content); i += 2 {
		key, value := object.Content[i], object.Content[i+1]
		path := prefix + key.Value
		comment, _ := splitComment(key)
		// What is written on one line is one value, and so are lists and the objects that nobody takes apart.
		if value.Kind == yaml.MappingNode && value.Style != yaml.FlowStyle && !whole[key.Value] {
			if comment != "" {
				fmt.Fprintf(text, "| **`%s`** | %s | |\n", path, comment)
			}
			if err := rows(text, value, path+"."); err != nil {
				return err
			}
			continue
		}
		def, err := flow(value)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		fmt.Fprintf(text, "| `%s` | %s | `%s` |\n", path, comment, strings.ReplaceAll(def, "|", "\\|"))
	}
	return nil
}

// whole are objects that are one value.
var whole = map[string]bool{
	"resources": true, "config": true, "labels": true, "podSecurityContext": true, "securityContext": true,
	"livenessProbe": true, "readinessProbe": true,
}

// splitComment returns what stands above the key, as one line, and what it says of the schema.
func splitComment(key *yaml.Node) (text, marked string) {
	// A comment that an empty line parts from the key is about what comes, not about the key.
	parts := strings.Split(key.HeadComment, "\n\n")
	var words []string
	for line := range strings.Lines(parts[len(parts)-1]) {
		line = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(line), "#"))
		if rest, ok := strings.CutPrefix(line, marker); ok {
			marked = rest
			continue
		}
		words = append(words, line)
	}
	return strings.NewReplacer("|", "\\|", "<", "&lt;").Replace(strings.Join(words, " ")), marked
}

// flow is the value as YAML on one line.
func flow(value *yaml.Node) (string, error) {
	plain := *value
	strip(&plain)
	encoded, err := yaml.Marshal(&plain)
	return strings.Join(strings.Fields(string(encoded)), " "), err
}

// strip removes comments, and writes objects and lists on one line.
func strip(n *yaml.Node) {
	n.HeadComment, n.LineComment, n.FootComment = "", "", ""
	if n.Kind == yaml.MappingNode || n.Kind == yaml.SequenceNode {
		n.Style = yaml.FlowStyle
	}
	for _, child := range n.Content {
		strip(child)
	}
}
