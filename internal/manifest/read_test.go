package manifest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const threshold = `{apiVersion: plimsoll.dev/v1alpha1, kind: AlertThreshold, metadata: {name: %s}, spec: {alert: A, signal: {name: CPU}, levels: [{severity: w, above: 80}]}}`

// TestRead checks what is found in a file, in which order and where.
func TestRead(t *testing.T) {
	a, b := fmt.Sprintf(threshold, "a"), fmt.Sprintf(threshold, "b")
	asJSON := func(name string) string {
		return `{"apiVersion": "plimsoll.dev/v1alpha1", "kind": "AlertThreshold",` + "\n" + `"metadata": {"name": "` + name + `"}, "spec": {"alert": "A"}}`
	}
	for name, tc := range map[string]struct {
		data, want string
		skipped    int
	}{
		"one":                    {a, "a 1:1", 0},
		"several":                {a + "\n--- # and\n" + b + "\n---\n", "a 1:1, b 3:1", 0},
		"comments and blanks":    {"# none\n---\n\n---\n# one\n" + a, "a 6:1", 0},
		"lines of Windows":       {"---\r\n" + a + "\r\n---\r\n" + b, "a 2:1, b 4:1", 0},
		"other kinds":            {"{apiVersion: v1, kind: Secret}\n---\n" + a + "\n---\n{replicas: 2}", "a 3:1", 2},
		"JSON":                   {"\n" + asJSON("a"), "a 2:1", 0},
		"JSON values in a row":   {asJSON("a") + asJSON("b"), "a 1:1, b 2:51", 0},
		"JSON's escapes":         {strings.Replace(asJSON("a"), `"A"`, `"\ud83d\ude00\/"`, 1), "a 1:1", 0},
		"a list":                 {"apiVersion: v1\nkind: List\nitems:\n- " + a + "\n- {apiVersion: v1, kind: Pod}\n- " + b, "a 4:3, b 6:3", 1},
		"a list of its own kind": {"apiVersion: plimsoll.dev/v1alpha1\nkind: AlertThresholdList\nitems:\n- " + a, "a 4:3", 0},
		"a JSON list":            {`{"apiVersion": "v1", "kind": "List", "items": [` + asJSON("a") + `]}`, "a 1:48", 0},
		"a list in a list":       {"{kind: List, items: [{kind: List, items: [" + a + "]}]}", "a 1:43", 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := read("f", []byte(tc.data), false)
			var got []string
			for _, threshold := range c.thresholds {
				got = append(got, threshold.Name+" "+strings.TrimPrefix(threshold.Position("").String(), "f:"))
			}
			if strings.Join(got, ", ") != tc.want || c.skipped != tc.skipped || len(c.errors) > 0 {
				t.Errorf("read %v, %d skipped, mistakes %v; want %s, %d skipped", got, c.skipped, c.errors, tc.want, tc.skipped)
			}
		})
	}
}

// TestReadFolders checks which files of a folder are read.
func TestReadFolders(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b.yml", "a.yaml", "c.json", "notes.txt", "deeper/d.yaml"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		id := strings.TrimSuffix(filepath.Base(name), filepath.Ext(name))
		if err := os.WriteFile(path, fmt.Appendf(nil, threshold, id), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		paths     []string
		recursive bool
		want      string
	}{
		"a folder":           {[]string{dir}, false, "a b c"},
		"and those in it":    {[]string{dir}, true, "a b c d"},
		"a link to a folder": {[]string{link}, false, "a b c"},
		"any file by name":   {[]string{filepath.Join(dir, "notes.txt")}, false, "notes"},
		"a file twice":       {[]string{filepath.Join(dir, "c.json"), dir}, false, "c a b"},
	} {
		t.Run(name, func(t *testing.T) {
			set, err := Reader{Namespace: "ai", Recursive: tc.recursive}.Read(tc.paths)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, threshold := range set.Thresholds {
				got = append(got, threshold.Name)
			}
			if strings.Join(got, " ") != tc.want || set.Files != len(got) {
				t.Errorf("read %v in %d files, want %s", got, set.Files, tc.want)
			}
		})
	}
}

func TestReadRefuses(t *testing.T) {
	empty := t.TempDir()
	other := filepath.Join(t.TempDir(), "pod.yaml")
	if err := os.WriteFile(other, []byte("{apiVersion: v1, kind: Pod}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ path, want string }{
		"a file that is not there": {"missing.yaml", `the path "missing.yaml" does not exist`},
		"an empty folder":          {empty, "those that end in"},
		"nothing on stdin":         {Stdin, `no AlertThreshold in "-" (1 file, 0 objects of other kinds)`},
		"other kinds only":         {other, "(1 file, 1 object of other kinds)"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Reader{Stdin: strings.NewReader("# nothing\n")}.Read([]string{tc.path})
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error = %v, want one that says %q", err, tc.want)
			}
		})
	}
}

func TestNamespace(t *testing.T) {
	data := fmt.Sprintf(threshold, "a, namespace: web")
	for name, tc := range map[string]struct {
		reader              Reader
		namespace, mistakes string
	}{
		"the file's own":      {Reader{Namespace: "ai"}, "web", ""},
		"another is enforced": {Reader{Namespace: "ai", Enforce: true}, "web", `metadata.namespace: "web" is not the namespace "ai"`},
		"the same":            {Reader{Namespace: "web", Enforce: true}, "web", ""},
	} {
		t.Run(name, func(t *testing.T) {
			tc.reader.Stdin = strings.NewReader(data)
			set, err := tc.reader.Read([]string{Stdin})
			if err != nil {
				t.Fatal(err)
			}
			result := set.Thresholds[0].Check()
			if tc.mistakes != "" {
				if len(result.Errors) != 1 || !strings.Contains(result.Errors[0].String(), tc.mistakes) {
					t.Errorf("mistakes = %v, want %q", result.Errors, tc.mistakes)
				}
				return
			}
			if result.Plan == nil || result.Plan.Namespace != tc.namespace {
				t.Errorf("plan = %+v, mistakes %v, want namespace %s", result.Plan, result.Errors, tc.namespace)
			}
		})
	}
}
