package manifest

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"k8s.io/cli-runtime/pkg/resource"

	"github.com/plimsoll-dev/plimsoll/internal/api/v1alpha1"
)

// utf16Of is the text as editors on Windows save it, with a byte order mark.
func utf16Of(text string, order binary.AppendByteOrder) []byte {
	data := order.AppendUint16(nil, 0xfeff)
	for _, unit := range utf16.Encode([]rune(text)) {
		data = order.AppendUint16(data, unit)
	}
	return data
}

// TestAsKubectl compares what is found in a file with what kubectl's own reader finds: the same thresholds, or an error of both. (Behind
// " ---" kubectl drops the rest of the file without a word; here that is an error of YAML.)
func TestAsKubectl(t *testing.T) {
	a, b := fmt.Sprintf(threshold, "a"), fmt.Sprintf(threshold, "b")
	both := a + "\n---\n" + b + "\n"
	const bare = `{metadata: {name: %s}, spec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}}`
	list := func(head, item string) string {
		return head + "\nitems:\n- " + fmt.Sprintf(item, "a") + "\n- " + fmt.Sprintf(item, "b") + "\n"
	}
	for name, data := range map[string][]byte{
		"UTF-8":                         []byte(both),
		"UTF-8 with a mark":             []byte("\xef\xbb\xbf" + both),
		"UTF-16LE":                      utf16Of(both, binary.LittleEndian),
		"UTF-16BE":                      utf16Of(both, binary.BigEndian),
		"UTF-16LE of one":               utf16Of(a, binary.LittleEndian),
		"bytes that are no UTF-8":       []byte("# \xff\n" + both),
		"a comment on the dashes":       []byte(a + "\n--- # and\n" + b),
		"text on the dashes":            []byte(a + "\n--- and\n" + b),
		"a document on the dashes":      []byte("--- " + a + "\n"),
		"a tag on the dashes":           []byte(a + "\n--- !!map\n" + b),
		"a fourth dash":                 []byte(a + "\n----\n" + b),
		"spaces after the dashes":       []byte(a + "\n---  \t\n" + b),
		"the end of a document":         []byte(a + "\n...\n---\n" + b),
		"a directive":                   []byte("%YAML 1.1\n---\n" + a),
		"a list":                        []byte(list("apiVersion: v1\nkind: List", threshold)),
		"its own list, items with kind": []byte(list("apiVersion: plimsoll.dev/v1alpha1\nkind: AlertThresholdList", threshold)),
		"its own list, items without":   []byte(list("apiVersion: plimsoll.dev/v1alpha1\nkind: AlertThresholdList", bare)),
		"a list, items without kind":    []byte(list("apiVersion: v1\nkind: List", bare)),
		"a list that is empty":          []byte(a + "\n---\n{apiVersion: v1, kind: List, items: []}"),
		"another's list":                []byte(a + "\n---\n" + list("apiVersion: v1\nkind: PodList", bare)),
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "thresholds.yaml")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			want, kubectlErr := kubectlRead(path)
			c := read("thresholds.yaml", data, false)
			var got []string
			for _, threshold := range c.thresholds {
				got = append(got, threshold.Name)
				c.errors = append(c.errors, threshold.diagnostics...)
			}
			if kubectlErr != nil {
				if len(c.errors) == 0 {
					t.Errorf("found %v, and kubectl refuses the file: %v", got, kubectlErr)
				}
				return
			}
			if len(c.errors) > 0 || strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("found %v, errors %v; kubectl finds %v", got, c.errors, want)
			}
		})
	}
}

// kubectlRead returns the names of the AlertThresholds that kubectl would send.
func kubectlRead(path string) (names []string, err error) {
	infos, err := resource.NewLocalBuilder().Unstructured().Local().Flatten().
		FilenameParam(false, &resource.FilenameOptions{Filenames: []string{path}}).Do().Infos()
	for _, info := range infos {
		if info.Object.GetObjectKind().GroupVersionKind().Kind == v1alpha1.Kind {
			names = append(names, info.Name)
		}
	}
	return names, err
}

func TestGlobs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a.yaml", "b.yaml", "[odd].yaml", "c.json"} {
		id := strings.Trim(strings.TrimSuffix(name, filepath.Ext(name)), "[]")
		if err := os.WriteFile(filepath.Join(dir, name), fmt.Appendf(nil, threshold, id), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct{ path, want, err string }{
		"several":                  {"?.yaml", "a b", ""},
		"a file whose name is one": {"[odd].yaml", "odd", ""},
		"a folder":                 {"../" + filepath.Base(dir)[:2] + "*", "odd a b c", ""},
		"nothing":                  {"x*.yaml", "", "does not exist"},
		"a bad one":                {"[a.yaml", "", "is not a valid pattern"},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := Reader{Namespace: "ai"}.Read([]string{filepath.Join(dir, tc.path)})
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Errorf("error = %v, want one that says %q", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, threshold := range set.Thresholds {
				got = append(got, threshold.Name)
			}
			if strings.Join(got, " ") != tc.want {
				t.Errorf("read %v, want %s", got, tc.want)
			}
		})
	}
}
