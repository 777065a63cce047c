//go:build harness

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestAuditFindsWhatThereIs audits a module that is well, one with code that gosec warns of, and one that calls what a
// database of one made-up entry calls vulnerable.
func TestAuditFindsWhatThereIs(t *testing.T) {
	bin, err := filepath.Abs("../../bin")
	if err != nil {
		t.Fatal(err)
	}
	const fine = "package main\n\nimport \"path\"\n\nfunc main() { println(path.Base(\"a\")) }\n"
	const careless = "package main\n\nimport \"crypto/md5\"\n\nfunc main() { println(len(md5.New().Sum(nil))) }\n"
	for name, tt := range map[string]struct{ source, vulnerable, want string }{
		"nothing":       {fine, "Glob", ""},
		"gosec":         {careless, "Glob", "G401"},
		"vulnerability": {fine, "Base", "GO-2099-0001"},
	} {
		t.Run(name, func(t *testing.T) {
			dir, db := t.TempDir(), t.TempDir()
			write(t, dir, "go.mod", "module example.org/m\n\ngo 1.26\n")
			write(t, dir, "main.go", tt.source)
			write(t, db, "index/db.json", `{"modified":"2099-01-01T00:00:00Z"}`)
			write(t, db, "index/modules.json", `[{"path":"stdlib","vulns":[{"id":"GO-2099-0001","modified":"2099-01-01T00:00:00Z"}]}]`)
			write(t, db, "ID/GO-2099-0001.json", `{"schema_version":"1.3.1","id":"GO-2099-0001","modified":"2099-01-01T00:00:00Z",
				"published":"2099-01-01T00:00:00Z","details":"made up","affected":[{"package":{"name":"stdlib","ecosystem":"Go"},
				"ranges":[{"type":"SEMVER","events":[{"introduced":"0"}]}],
				"ecosystem_specific":{"imports":[{"path":"path","symbols":["`+tt.vulnerable+`"]}]}}]}`)
			var out bytes.Buffer
			err := run(t.Context(), []string{"-dir", dir, "-bin", bin, "-vulndb", "file://" + db}, &out)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("audit = %v, want %q\n%s", err, tt.want, out.String())
			}
		})
	}
}

func write(t *testing.T, dir, file, text string) {
	t.Helper()
	path := filepath.Join(dir, file)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
