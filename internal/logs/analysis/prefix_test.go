package analysis

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

const stamp = "2026-01-31T12:00:00.123456789Z"

// cri and docker are lines as container runtimes keep them.
func cri(stream, tag, text string) string {
	return stamp + " " + stream + " " + tag + " " + text + "\n"
}

func docker(stream, text string) string {
	quoted, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf(`{"log":%s,"stream":%q,"time":%q}`+"\n", quoted, stream, stamp)
}

// line is one of ours without its end.
func line(second int) string { return strings.TrimSpace(at(second, "INFO", `,"error":"a \"b\" <é>"`)) }

// wrappings are logs of three lines of ours, as tools and container runtimes hand them out.
var wrappings = []struct{ name, text string }{
	{"plain", line(1) + "\n" + line(2) + "\n" + line(3)},
	{"BOM and CRLF", "\xef\xbb\xbf" + line(1) + "\r\n" + line(2) + "\r\n" + line(3) + "\r\n\r\n"},
	{"CRI", cri("stdout", "F", line(1)) + cri("stderr", "F", line(2)) + cri("stdout", "F", "") + cri("stdout", "F", line(3))},
	{"CRI of another zone", strings.ReplaceAll(cri("stdout", "F", line(1))+cri("stdout", "F", line(2))+cri("stdout", "F", line(3)), "123456789Z", "123456789+08:00")},
	{"CRI in parts", cri("stdout", "P", line(1)[:40]) + cri("stdout", "P", line(1)[40:80]) + cri("stderr", "F", line(2)) +
		cri("stdout", "F", line(1)[80:]) + cri("stdout", "P", line(3)) + cri("stdout", "F", "")},
	{"CRI with CRLF", strings.ReplaceAll(cri("stdout", "F", line(1))+cri("stdout", "F", line(2))+cri("stdout", "F", line(3)), "\n", "\r\n")},
	{"CRI with more tags", cri("stdout", "F:x", line(1)) + cri("stdout", "P:x", line(2)[:9]) + cri("stdout", "F:x", line(2)[9:]) + cri("stdout", "F", line(3))},
	{"CRI after a torn line", `t":"/chat"}` + "\n\n" + cri("stdout", "P", line(1)[:9]) + cri("stdout", "F", line(1)[9:]) + cri("stdout", "F", line(2)) + cri("stdout", "F", line(3))},
	{"Docker", docker("stdout", line(1)+"\n") + docker("stderr", "\n") + docker("stderr", line(2)+"\r\n") + docker("stdout", line(3)+"\n")},
	{"Docker in parts", docker("stdout", line(1)[:50]) + docker("stderr", line(2)[:50]) + docker("stdout", line(1)[50:]+"\n") +
		docker("stderr", line(2)[50:]+"\n") + docker("stdout", line(3)) + docker("stdout", "\n")},
	{"Docker, the last without its end", docker("stdout", line(1)+"\n") + docker("stdout", line(2)+"\n") + docker("stdout", line(3))},
	{"kubectl --prefix", "[pod/a-1/assistant] " + line(1) + "\n[pod/a-2/assistant] " + line(2) + "\n[pod/a-2/assistant] \n[pod/a-2/assistant] " + line(3)},
	{"kubectl --timestamps", stamp + " " + line(1) + "\n" + stamp + " " + line(2) + "\n" + stamp + " \n" + stamp + " " + line(3)},
	{"both", "[pod/a-1/assistant] " + stamp + " " + line(1) + "\n" + "[pod/a-1/assistant] " + stamp + " " + line(2) + "\n" + line(3)},
	{"Docker Compose", "assistant-1  | " + line(1) + "\nassistant-1  | " + line(2) + "\r\nassistant-1  | " + line(3)},
	{"BOM and prefix", "\xef\xbb\xbf[pod/a-1/assistant] " + line(1) + "\r\n \xef\xbb\xbf" + line(2) + "\n  " + line(3)},
	{"one after the other", line(1) + "\n" + cri("stdout", "F", line(2)) + docker("stdout", line(3)+"\n")},
}

func TestLinesAsToolsHandThemOut(t *testing.T) {
	for _, tt := range wrappings {
		for how, data := range map[string][]byte{"plain": []byte(tt.text), "zipped": zipped(t, []byte(tt.text))} {
			t.Run(tt.name+" "+how, func(t *testing.T) {
				got, err := Analyze(t.Context(), []Source{from("log", data)}, late)
				want := Lines{Total: 3, Counted: 3}
				if strings.Contains(tt.name, "torn") {
					want.Total, want.Broken = 4, 1
				}
				if err != nil || got.Lines != want || got.Requests.Endpoints["/chat"] != 3 {
					t.Errorf("lines = %+v, %v; want %+v", got.Lines, err, want)
				}
			})
		}
	}
}

func TestLookalikesKeepTheirPrefix(t *testing.T) {
	for _, text := range []string{
		"", "x", "[", "[pod/", "[pod/a-1/assistant]", "[1,2] {}", "[info] {}", "2026-01-31 {}", "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.1Z{}",
		"I0131 12:00:00.123456 1 main.go:1] {}", " | {}", "a b | {}", "stdout F {}",
	} {
		if got := stripPrefix([]byte(text)); string(got) != text {
			t.Errorf("stripPrefix(%q) = %q", text, got)
		}
	}
}

// TestPartsAcrossBlocks: long lines, each in parts of 16 KB, as the runtimes write them.
func TestPartsAcrossBlocks(t *testing.T) {
	const lines, partSize = 60, 16 << 10
	for name, write := range map[string]func(out *strings.Builder, part string, last bool){
		"CRI": func(out *strings.Builder, part string, last bool) {
			out.WriteString(cri("stdout", map[bool]string{true: "F", false: "P"}[last], part))
		},
		"Docker": func(out *strings.Builder, part string, last bool) {
			out.WriteString(docker("stdout", part+map[bool]string{true: "\n"}[last]))
		},
	} {
		var data strings.Builder
		for i := range lines {
			text := strings.TrimSpace(at(i, "INFO", fmt.Sprintf(`,"padding":%q`, strings.Repeat("x", i*2000))))
			for len(text) > partSize {
				write(&data, text[:partSize], false)
				text = text[partSize:]
			}
			write(&data, text, true)
		}
		got, err := Analyze(t.Context(), []Source{from("log", []byte(data.String()))}, late)
		if want := (Lines{Total: lines, Counted: lines}); err != nil || got.Lines != want {
			t.Errorf("%s: lines = %+v, %v; want %+v", name, got.Lines, err, want)
		}
	}
}

// TestPartsWithoutAnEnd: what is joined is bounded, and is one broken line.
func TestPartsWithoutAnEnd(t *testing.T) {
	part := strings.Repeat("x", 16<<10)
	endless := strings.Repeat(cri("stdout", "P", part), 100)
	for name, data := range map[string]string{
		"ended":     cri("stdout", "F", line(1)) + endless + cri("stdout", "F", "") + cri("stdout", "F", line(2)),
		"unended":   cri("stdout", "F", line(1)) + cri("stdout", "F", line(2)) + endless,
		"one piece": cri("stdout", "F", line(1)) + strings.Repeat(part, 100) + "\n" + cri("stdout", "F", line(2)),
		"Docker":    docker("stdout", line(1)+"\n") + strings.Repeat(docker("stdout", part), 100) + docker("stdout", "\n") + docker("stdout", line(2)+"\n"),
	} {
		got, err := Analyze(t.Context(), []Source{from("log", []byte(data))}, late)
		if want := (Lines{Total: 3, Counted: 2, Broken: 1}); err != nil || got.Lines != want {
			t.Errorf("%s: lines = %+v, %v; want %+v", name, got.Lines, err, want)
		}
	}
	u := newUnwrapper(repeat(cri("stdout", "P", part)))
	for range 1000 {
		u.next()
	}
	if n := cap(u.parts[0]); n > 2*blockSize {
		t.Errorf("%d bytes are kept of a line", n)
	}
}

func TestFilesThatCannotBeReadAreNamed(t *testing.T) {
	for want, data := range map[string]string{
		"xz -dc":    "\xfd7zXZ\x00\x00\x04",
		"zstd -dc":  "\x28\xb5\x2f\xfd\x04\x58",
		"bzip2 -dc": "BZh91AY&SY\x01",
		"unzip -p":  "PK\x03\x04\x14\x00",
		"lz4 -dc":   "\x04\x22\x4d\x18\x64",
		"iconv":     "\xff\xfe{\x00\"\x00",
	} {
		got, err := Analyze(t.Context(), []Source{from("app.log", []byte(data)), from("good", []byte(at(1, "INFO", "")))}, late)
		if err == nil || !strings.Contains(err.Error(), "reading app.log: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want what to do: %s", data, err, want)
		}
		if want != "iconv" && !strings.Contains(fmt.Sprint(err), "compressed") {
			t.Errorf("%q: %v does not say that it is compressed", data, err)
		}
		if got.Lines != (Lines{Total: 1, Counted: 1}) {
			t.Errorf("%q: lines = %+v, want the good file's", data, got.Lines)
		}
	}
	for _, data := range []string{"BZh is a text\n", "PK\n", "\xfd7z", "B"} {
		if got, err := Analyze(t.Context(), []Source{from("log", []byte(data))}, late); err != nil || got.Lines.Broken != 1 {
			t.Errorf("%q: %+v, %v", data, got.Lines, err)
		}
	}
}

// FuzzDocker: the text of a Docker line is what encoding/json reads.
func FuzzDocker(f *testing.F) {
	for _, text := range []string{"", "\n", line(1) + "\n", "tab\t \\ / \b\f\r\n", "é<&>\x00", "\xff"} {
		f.Add(docker("stdout", text))
	}
	f.Add(`{"log":"\/","stream":"stdout"}`)
	f.Add(`{"log":"","stream":1}`)
	f.Add(`{"log":"","log":[],"stream":"stderr"}`)
	p := newRecordParser()
	f.Add(`{"log":"a","log":1,"stream":"stdout"}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, ok := p.parse([]byte(text))
		var want map[string]any
		if !ok || text[0] != '{' || !utf8.ValidString(text) {
			return
		}
		if err := json.Unmarshal([]byte(text), &want); err != nil || string(r.text) != want["log"] {
			t.Errorf("%q says %q, want %q, %v", text, r.text, want["log"], err)
		}
	})
}

// FuzzPrefix: what is stripped is in front, and is stripped once.
func FuzzPrefix(f *testing.F) {
	for _, tt := range wrappings {
		first, _, _ := strings.Cut(tt.text, "\n")
		f.Add([]byte(first))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if got := stripPrefix(line); !bytes.HasSuffix(line, got) {
			t.Errorf("stripPrefix(%q) = %q", line, got)
		}
	})
}
