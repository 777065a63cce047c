package manifest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	sigsyaml "sigs.k8s.io/yaml"
)

// document is one of the documents in a file. Its value is what kubectl would send, by YAML 1.1, in which Off is false;
// its node tells where everything stands.
type document struct {
	source *source
	value  any
	node   *yaml.Node
	// err is why there is no value.
	err *Diagnostic
}

// documents splits the file as kubectl does: JSON values one after the other, or YAML between lines of dashes. Empty
// documents are left out.
func documents(file string, data []byte) []document {
	whole := newSource(file, data)
	if bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		if docs, ok := jsonDocuments(whole, data); ok {
			return docs
		}
	}
	var docs []document
	for start := 0; start < len(data); {
		length, next := yamlDocument(data[start:])
		if doc, ok := readYAML(whole.at(data, start), data[start:start+length]); ok {
			docs = append(docs, doc)
		}
		if bad, ok := checkSeparator(whole, data, start+length, data[start+length:start+next]); !ok {
			docs = append(docs, bad)
		}
		start += next
	}
	return docs
}

// checkSeparator refuses what kubectl does: anything but a comment behind the dashes.
func checkSeparator(whole *source, data []byte, offset int, line []byte) (bad document, ok bool) {
	rest := strings.TrimSpace(strings.TrimPrefix(string(line), separator))
	if rest == "" || strings.HasPrefix(rest, "#") {
		return bad, true
	}
	bad.source = whole.at(data, offset)
	bad.err = &Diagnostic{Position: bad.source.position(nil), Message: "kubectl takes nothing but a comment behind ---: move the rest to a line of its own"}
	return bad, false
}

// separator begins the line between two YAML documents.
const separator = "---"

// yamlDocument is the length of the first document, and where the next begins: after the line of dashes.
func yamlDocument(data []byte) (length, next int) {
	for length < len(data) {
		lineEnd := len(data)
		if i := bytes.IndexByte(data[length:], '\n'); i >= 0 {
			lineEnd = length + i + 1
		}
		if bytes.HasPrefix(data[length:], []byte(separator)) {
			return length, lineEnd
		}
		length = lineEnd
	}
	return length, length
}

func readYAML(at *source, text []byte) (doc document, ok bool) {
	doc.source = at
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return doc.failed(err), true
	}
	if len(root.Content) == 0 { // nothing but comments
		return doc, false
	}
	doc.node = root.Content[0]
	converted, err := sigsyaml.YAMLToJSON(text)
	if err == nil {
		err = utiljson.Unmarshal(converted, &doc.value)
	}
	if err != nil {
		return doc.failed(err), true
	}
	return doc, doc.value != nil
}

// jsonDocuments reads the data as JSON; not ok when it is not, but perhaps YAML that begins with a brace.
func jsonDocuments(whole *source, data []byte) (docs []document, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	for {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return docs, true
		}
		if err != nil {
			return nil, false
		}
		doc := document{source: whole.at(data, int(decoder.InputOffset())-len(raw))}
		if err := utiljson.Unmarshal(raw, &doc.value); err != nil {
			return nil, false
		}
		// Where YAML cannot read the JSON, which may escape characters in more ways, positions are the document's.
		var root yaml.Node
		if yaml.Unmarshal(raw, &root) == nil && len(root.Content) > 0 {
			doc.node = root.Content[0]
		}
		docs = append(docs, doc)
	}
}

// yamlLine is where YAML's own errors say the line.
var yamlLine = regexp.MustCompile(`line (\d+): `)

// failed is the document with the YAML library's error, at the line that it names.
func (d document) failed(err error) document {
	line, text := 1, err.Error()
	if match := yamlLine.FindStringSubmatch(text); match != nil {
		line, _ = strconv.Atoi(match[1])
		text = strings.Replace(text, match[0], "", 1)
	}
	position := d.source.clamp(line, 1)
	position.Column = 0
	text = strings.TrimPrefix(strings.TrimPrefix(text, "error converting YAML to JSON: "), "yaml: ")
	d.err = &Diagnostic{Position: position, Message: "is not YAML: " + strings.TrimSpace(text)}
	return d
}
