package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestParse(t *testing.T) {
	const said = `?   	example.org/m/none	[no test files]
FuzzOne
FuzzTwo
ok  	example.org/m/a	0.012s
ok  	example.org/m/b	0.010s
FuzzThree
ok  	example.org/m/c	0.010s
`
	want := []target{{"FuzzOne", "example.org/m/a"}, {"FuzzTwo", "example.org/m/a"}, {"FuzzThree", "example.org/m/c"}}
	if got := parse(said); !slices.Equal(got, want) {
		t.Errorf("parse = %v, want %v", got, want)
	}
}

func TestUntrue(t *testing.T) {
	for name, tt := range map[string]struct {
		said string
		want bool
	}{
		"time over": {`fuzz: elapsed: 1s, execs: 40188 (36597/sec), new interesting: 0 (total: 34)
--- FAIL: FuzzFloat (1.10s)
    context deadline exceeded
FAIL
exit status 1
FAIL	example.org/m	1.114s
`, true},
		"an input's own deadline": {`fuzz: elapsed: 0s, execs: 3 (60/sec), new interesting: 0 (total: 1)
--- FAIL: FuzzBad (0.05s)
    --- FAIL: FuzzBad (0.00s)
        bad_test.go:5: context deadline exceeded
    
    Failing input written to testdata/fuzz/FuzzBad/771e938e4458e983
FAIL
exit status 1
FAIL	example.org/m	0.055s
`, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := untrue.MatchString(tt.said); got != tt.want {
				t.Errorf("untrue = %t, want %t", got, tt.want)
			}
		})
	}
}

// TestATargetThatFailsIsNoticed fuzzes a module with one good target and one that any input breaks.
func TestATargetThatFailsIsNoticed(t *testing.T) {
	const goMod, head = "module example.org/m\n\ngo 1.24\n", "package m\n\nimport \"testing\"\n\n"
	good := head + "func FuzzGood(f *testing.F) { f.Fuzz(func(t *testing.T, b []byte) {}) }\n"
	bad := head + "func FuzzBad(f *testing.F) { f.Add([]byte{1}); f.Fuzz(func(t *testing.T, b []byte) { t.Error(b) }) }\n"
	for name, tt := range map[string]struct {
		files map[string]string
		want  bool
	}{
		"one fails": {map[string]string{"good_test.go": good, "bad_test.go": bad}, false},
		"none does": {map[string]string{"good_test.go": good}, true},
		"none is":   {map[string]string{"m.go": "package m\n"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tt.files["go.mod"] = goMod
			for file, text := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			var out bytes.Buffer
			if err := run(t.Context(), []string{"-dir", dir, "-time=1s"}, &out); (err == nil) != tt.want {
				t.Errorf("run = %v\n%s", err, out.String())
			}
		})
	}
}
