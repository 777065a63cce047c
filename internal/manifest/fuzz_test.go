package manifest

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"unicode/utf8"
)

// FuzzRead holds that whatever the bytes, nothing panics, every mistake stands in the file, and a threshold is either
// turned into a plan or told its mistakes.
func FuzzRead(f *testing.F) {
	paths, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil || len(paths) == 0 {
		f.Fatalf("no samples: %v", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c := read("f", data, false)
		for _, threshold := range c.thresholds {
			threshold.setNamespace("ai", false)
			result := threshold.Check()
			if (result.Plan == nil) == (len(result.Errors) == 0) {
				t.Errorf("plan %v with mistakes %v", result.Plan, result.Errors)
			}
			c.errors = append(c.errors, result.Errors...)
		}
		lines := bytes.Split(data, []byte("\n"))
		for _, mistake := range c.errors {
			if mistake.Line < 1 || mistake.Line > len(lines) {
				t.Fatalf("%v: the file has %d lines", mistake, len(lines))
			}
			if length := utf8.RuneCount(lines[mistake.Line-1]); mistake.Column < 0 || mistake.Column > length+1 {
				t.Errorf("%v: the line has %d characters", mistake, length)
			}
		}
	})
}
