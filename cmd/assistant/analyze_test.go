package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs/analysis"
)

const twoLines = `{"timestamp":"2026-11-23T12:00:00.000000Z","level":"INFO","message":"Request completed","endpoint":"/chat","status":200,"duration":0.5}
{"timestamp":"2026-11-23T12:00:01.000000Z","level":"ERROR","message":"Request failed","endpoint":"/chat","status":503,"duration":3,"error_type":"unavailable","error":"\u001b[31mred","request_id":"r1"}
`

// klogLine is a line of another program.
const klogLine = `{"ts":1769860800123.4,"caller":"app/main.go:12","msg":"Request completed","v":0}` + "\n"

// analyzed runs the command on files and standard input.
func analyzed(t *testing.T, stdin string, args ...string) (stdout, stderr string, err error) {
	t.Helper()
	var out, errOut bytes.Buffer
	err = analyze(t.Context(), args, streams{in: strings.NewReader(stdin), out: &out, err: &errOut})
	return out.String(), errOut.String(), err
}

func TestAnalyzePrintsATable(t *testing.T) {
	out, errOut, err := analyzed(t, twoLines+"torn\n", "-")
	if err != nil || errOut != "" {
		t.Fatalf("analyze = %v, stderr %q", err, errOut)
	}
	for _, want := range []string{
		"3: 2 counted, 1 broken", "other lines", "/chat", "unavailable", "r1", "50.00 %", "1.750 s",
		"More than one request in a hundred failed (5xx). (50 percent, limit 1, of 2)", "consider: ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "\x1b") {
		t.Error("the table holds what a terminal would obey")
	}
}

func TestAnalyzeTellsWhatItDidNotCount(t *testing.T) {
	future := strings.ReplaceAll(twoLines, "2026-11-23", "2999-11-23")
	out, _, err := analyzed(t, "[pod/a-1/assistant] "+twoLines+klogLine+future, "-")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"5: 2 counted, 0 broken, 1 of another program, 0 debug, 0 before the range, 2 in the future",
		`another program's, in standard input: {"ts":1769860800123.4`, "2 lines are in the future: a clock is ahead", " seconds, limit 300, of 2)",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("the table lacks %q:\n%s", want, out)
		}
	}
	if strings.Contains(out, "e+") {
		t.Errorf("the table has numbers with exponents:\n%s", out)
	}
}

func TestAnalyzePrintsJSON(t *testing.T) {
	file := filepath.Join(t.TempDir(), "app.log")
	if err := os.WriteFile(file, []byte(twoLines), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-o", "json", file}, {file, "-o=json"}, {"-o", "json", "--", file}} {
		out, _, err := analyzed(t, "", args...)
		var report analysis.Report
		if err != nil || json.Unmarshal([]byte(out), &report) != nil || report.Requests.Total != 2 || report.Errors.Total != 1 {
			t.Errorf("analyze %q = %v:\n%s", args, err, out)
		}
	}
}

func TestAnalyzeRanges(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, tt := range []struct {
		args []string
		from time.Time
		bad  string // part of the error
	}{
		{[]string{"-"}, time.Time{}, ""},
		{[]string{"--range", "1h", "-"}, now.Add(-time.Hour), ""},
		{[]string{"-", "--range=1d"}, now.AddDate(0, 0, -1), ""},
		{[]string{"--since", "2026-11-23T10:00:00+01:00", "-"}, now.Add(-3 * time.Hour), ""},
		{[]string{"--range", "soon", "-"}, now, "--range"},
		{[]string{"--range", "0s", "-"}, now, "--range"},
		{[]string{"--since", "yesterday", "-"}, now, "--since"},
		{[]string{"--since", "2026-11-23T10:00:00Z", "--range=1h", "-"}, now, "exclusive"},
		{[]string{"-o", "yaml", "-"}, now, "table or json"},
		{[]string{"--loud", "-"}, now, "loud"},
		{nil, now, "no file"},
	} {
		o, err := parseAnalyze(tt.args, now)
		if (err != nil) != (tt.bad != "") || err != nil && !strings.Contains(err.Error(), tt.bad) {
			t.Errorf("analyze %q: %v, want an error about %q", tt.args, err, tt.bad)
		}
		if err == nil && (!o.from.Equal(tt.from) || !o.to.Equal(now)) {
			t.Errorf("analyze %q: from %v to %v, want from %v", tt.args, o.from, o.to, tt.from)
		}
	}
}

func TestAnalyzeFailures(t *testing.T) {
	absent := filepath.Join(t.TempDir(), "gone.log")
	for _, tt := range []struct {
		name, stdin string
		args        []string
		wrongUsage  bool
		want        string // part of the error
		prints      bool
	}{
		{"no file", "", nil, true, "--help", false},
		{"a file that is not there", twoLines, []string{absent, "-"}, false, "gone.log", true},
		{"no log", "a\nb\n", []string{"-"}, false, "none of the 2 lines is a JSON log line", true},
		{"another program's log", klogLine + klogLine, []string{"-"}, false,
			"all 2 lines are another program's, the first in standard input: " + strings.TrimSpace(klogLine), true},
		{"both", klogLine + "a\n", []string{"-"}, false, "none of the 2 lines is the assistant's: 1 of another program, 1 no JSON; the first in standard input", true},
		{"a compressed file", "\xfd7zXZ\x00", []string{"-"}, false, "reading standard input: it is compressed with xz; use: xz -dc", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			out, _, err := analyzed(t, tt.stdin, tt.args...)
			if err == nil || !strings.Contains(err.Error(), tt.want) || errors.As(err, &usageError{}) != tt.wrongUsage {
				t.Errorf("analyze = %v", err)
			}
			if (out != "") != tt.prints {
				t.Errorf("printed %q", out)
			}
		})
	}
	if _, _, err := analyzed(t, "", "-"); err != nil {
		t.Errorf("an empty log: %v", err)
	}
	if out, _, err := analyzed(t, "", "--help"); err != nil || !strings.Contains(out, "Exit code") {
		t.Errorf("--help = %q, %v", out, err)
	}
}

func TestProgressIsShownOnATerminalOnly(t *testing.T) {
	file := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(file, make([]byte, 4_000_000), 0o600); err != nil {
		t.Fatal(err)
	}
	var read atomic.Int64
	var errOut bytes.Buffer
	progress(streams{err: &errOut}, []string{file}, &read)()
	if errOut.Len() > 0 {
		t.Errorf("progress without a terminal: %q", &errOut)
	}
	progress(streams{err: &errOut, terminal: true}, []string{file}, &read)()
	if !strings.HasSuffix(errOut.String(), "\r\033[K") {
		t.Errorf("progress leaves %q", &errOut)
	}
	for _, tt := range []struct {
		read, total int64
		want        string
	}{{1_000_000, 4_000_000, "read 1 of 4 MB, 25%"}, {2_000_000, totalSize([]string{"-"}), "read 2 MB"}, {4_000_000, totalSize([]string{file}), "read 4 of 4 MB, 100%"}} {
		if got := progressText(tt.read, tt.total); got != tt.want {
			t.Errorf("progress = %q, want %q", got, tt.want)
		}
	}
	if f, err := os.Open(file); err != nil || isTerminal(f) {
		t.Errorf("a file is a terminal (%v)", err)
	}
}
