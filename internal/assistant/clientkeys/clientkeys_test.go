package clientkeys

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

const (
	alice   = "alice-key-0123456789"
	bob     = "bob-key-0123456789ab"
	unnamed = "unnamed-key-01234567"
)

func TestParse(t *testing.T) {
	entries, err := parse([]byte("# clients\n\n alice: " + alice + " \r\n" + unnamed + "\nbob.2-x_y:" + bob))
	if err != nil {
		t.Fatal(err)
	}
	for key, name := range map[string]string{alice: "alice", bob: "bob.2-x_y", unnamed: "line-4"} {
		if got, ok := find(entries, key); !ok || got.Name != name || got.ID == "" || strings.Contains(got.ID, key) {
			t.Errorf("find(%s) = %+v, %v; want %s", key, got, ok, name)
		}
	}
	for _, key := range []string{"", "alice", "alice:" + alice, alice + "x", alice[:19], strings.ToUpper(alice)} {
		if got, ok := find(entries, key); ok {
			t.Errorf("find(%q) = %+v, want nobody", key, got)
		}
	}
}

func TestAClientOutlivesTheEditingOfItsFile(t *testing.T) {
	before, _ := parse([]byte(unnamed + "\nalice:" + alice))
	after, err := parse([]byte("# moved\nalice:" + bob + "\nalice:" + alice + "\n" + unnamed))
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{alice, unnamed} {
		was, _ := find(before, key)
		if is, _ := find(after, key); is.ID != was.ID {
			t.Errorf("client %s became %s", was.ID, is.ID)
		}
	}
	old, _ := find(after, alice)
	if replaced, _ := find(after, bob); replaced != old {
		t.Errorf("two keys of one name are %+v and %+v, want one client", old, replaced)
	}
}

func TestNames(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte("bob:"+bob+"\nalice:"+alice+"\nbob:"+bob+"2\n"+unnamed), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := load(path, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(f.Names(), " "); got != "alice bob line-4" {
		t.Errorf("names = %s", got)
	}
	client, _ := f.Find(bob)
	if got := NameOf(context.WithValue(t.Context(), ContextKey, &client)); got != "bob" {
		t.Errorf("NameOf = %q", got)
	}
	if got := NameOf(t.Context()); got != "" {
		t.Errorf("NameOf = %q without a client", got)
	}
}

func TestBadFiles(t *testing.T) {
	for _, tt := range []struct{ name, data, want string }{
		{"empty", "", "no key"},
		{"comments only", "# nobody\n", "no key"},
		{"short key", "alice:secret", "line 1: the key is shorter"},
		{"bad name", "\na lice:" + alice, "line 2: the name"},
		{"no name", ":" + alice, "line 1: the name"},
		{"bad character", "alice:" + alice + " x", "line 1: the key holds"},
		{"twice", alice + "\nbob:" + alice, "line 2: the key is that of line 1"},
		{"endless line", strings.Repeat("x", 100_000), "too long"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parse([]byte(tt.data))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("parse = %v, want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), alice) || strings.Contains(err.Error(), "secret") {
				t.Errorf("the error quotes the key: %v", err)
			}
		})
	}
}

// secret is a folder as Kubernetes mounts a Secret: the file is a link through ..data, which is swapped as a whole.
type canaryKey struct {
	dir     string
	version int
}

func (s *canaryKey) path() string { return filepath.Join(s.dir, "keys") }

func (s *canaryKey) put(t *testing.T, data string) {
	t.Helper()
	s.version++
	folder := fmt.Sprintf("..v%d", s.version)
	errorOf := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	errorOf(os.Mkdir(filepath.Join(s.dir, folder), 0o700))
	errorOf(os.WriteFile(filepath.Join(s.dir, folder, "keys"), []byte(data), 0o600))
	errorOf(os.Symlink(folder, filepath.Join(s.dir, "..tmp")))
	errorOf(os.Rename(filepath.Join(s.dir, "..tmp"), filepath.Join(s.dir, "..data")))
	if s.version == 1 {
		errorOf(os.Symlink(filepath.Join("..data", "keys"), s.path()))
		return
	}
	errorOf(os.RemoveAll(filepath.Join(s.dir, fmt.Sprintf("..v%d", s.version-1))))
}

func TestReload(t *testing.T) {
	s := &canaryKey{dir: t.TempDir()}
	s.put(t, "alice:"+alice)
	var log bytes.Buffer
	f, err := load(s.path(), logs.New(&log, slog.LevelDebug))
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name   string
		change func()
		holder string
		other  string
		line   string // of the log; none if empty
	}{
		{"nothing changed", func() {}, alice, bob, ""},
		{"swapped links", func() { s.put(t, "bob:"+bob) }, bob, alice, "Client keys reloaded"},
		{"bad file", func() { s.put(t, "alice:"+alice+"\nx") }, bob, alice, "line 2"},
		{"still bad", func() {}, bob, alice, ""},
		{"gone", func() { _ = os.Remove(s.path()) }, bob, alice, "no such file"},
		{"back", func() { _ = os.WriteFile(s.path(), []byte(alice), 0o600) }, alice, bob, "Client keys reloaded"},
	} {
		log.Reset()
		step.change()
		f.reload(t.Context())
		if _, ok := f.Find(step.holder); !ok {
			t.Errorf("%s: a key is not accepted", step.name)
		}
		if _, ok := f.Find(step.other); ok {
			t.Errorf("%s: a key that is not there is accepted", step.name)
		}
		if got := log.String(); !strings.Contains(got, step.line) || (step.line == "") != (got == "") {
			t.Errorf("%s: log = %q, want %q", step.name, got, step.line)
		}
		for _, key := range []string{alice, bob} {
			if strings.Contains(log.String(), key) {
				t.Errorf("%s: a key was logged: %s", step.name, log.String())
			}
		}
	}
	if f.Len() != 1 {
		t.Errorf("%d keys, want 1", f.Len())
	}
}

func TestOpenFailsOnWhatCannotBeUsed(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad")
	if err := os.WriteFile(bad, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{bad, bad + ".gone"} {
		if _, err := Open(t.Context(), path, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("Open(%s) = %v, want an error that names it", path, err)
		}
	}
}
