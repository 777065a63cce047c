package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/assistant/httpapi"
	"github.com/plimsoll-dev/plimsoll/internal/assistant/session"
	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// env is an environment.
func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestDefaults(t *testing.T) {
	got, err := parseOptions(nil, env(), io.Discard)
	want := options{
		listen: ":8000", model: "gemini-flash-latest", sessionTTL: 30 * time.Minute,
		sessionStore:  session.Address{URL: "memory"},
		shutdownDelay: 3 * time.Second, shutdownTimeout: 25 * time.Second,
		api:      apiOptions{limits: httpapi.DefaultLimits(), keepAlive: 15 * time.Second},
		upstream: upstreamOptions{name: "gemini", silence: 2 * time.Minute},
		logFile:  logs.FileOptions{MaxSize: 100, MaxBackups: 5, Compress: true},
	}
	if err != nil || got != want {
		t.Errorf("parseOptions() = %+v, %v; want %+v", got, err, want)
	}
}

func TestAFlagWinsOverItsTwin(t *testing.T) {
	got, err := parseOptions(
		[]string{"--model", "from-flag", "--session-ttl=1m"},
		env("PLIMSOLL_MODEL", "from-env", "PLIMSOLL_LISTEN", "127.0.0.1:1", "PLIMSOLL_LOG_LEVEL", "warning",
			"PLIMSOLL_SESSION_TTL", "not even valid", "PLIMSOLL_TELEMETRY_LISTEN", "", "PLIMSOLL_VERSION", "v1",
			"PLIMSOLL_SHUTDOWN_TIMEOUT", "1m"),
		io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if got.model != "from-flag" || got.sessionTTL != time.Minute {
		t.Errorf("model %q, session TTL %v: want the flags'", got.model, got.sessionTTL)
	}
	if got.listen != "127.0.0.1:1" || got.logLevel != slog.LevelWarn || got.shutdownTimeout != time.Minute || got.version {
		t.Errorf("options = %+v: want the twins of the flags not given", got)
	}
}

func TestBadOptionsFailAtOnce(t *testing.T) {
	for _, tt := range []struct {
		args []string
		env  func(string) string
		want string // part of the error
	}{
		{[]string{"--listen="}, env(), "--listen"},
		{[]string{"--model", "../secrets"}, env(), "--model"},
		{[]string{"--model", "a,"}, env(), "--model"},
		{[]string{"--model", "a,b,a"}, env(), "twice"},
		{[]string{"--client-rate=-1"}, env(), "--client-rate"},
		{[]string{"--client-rate=+Inf"}, env(), "--client-rate"},
		{[]string{"--client-burst=-1", "--client-rate=1"}, env(), "--client-burst"},
		{[]string{"--client-burst=5"}, env(), "--client-rate"},
		{[]string{"--max-body-bytes=0"}, env(), "--max-body-bytes"},
		{[]string{"--max-prompt-characters=-1"}, env(), "--max-prompt-characters"},
		{[]string{"--max-history-messages=0"}, env(), "--max-history-messages"},
		{[]string{"--cors-origins=https://example.com/app"}, env(), "--cors-origins"},
		{[]string{"--cors-origins=https://example.com, https://example.org"}, env(), "--cors-origins"},
		{[]string{"--keep-alive-interval=-1s"}, env(), "--keep-alive-interval"},
		{[]string{"--silence-timeout=0s"}, env(), "--silence-timeout"},
		{[]string{"--gemini-endpoint=localhost:9000"}, env(), "--gemini-endpoint"},
		{[]string{"--session-ttl=-1s"}, env(), "--session-ttl"},
		{[]string{"--session-store=disk"}, env(), "--session-store"},
		{[]string{"--session-store=redis://h:port"}, env(), "--session-store"},
		{[]string{"--session-store-password-file=x"}, env(), "--session-store-password-file"},
		{[]string{"--log-file-max-size=0"}, env(), "--log-file-max-size"},
		{[]string{"--log-file-max-backups=-1"}, env(), "--log-file-max-backups"},
		{[]string{"--log-file-max-age=-1"}, env(), "--log-file-max-age"},
		{[]string{"--shutdown-delay=-1s"}, env(), "--shutdown-delay"},
		{[]string{"--shutdown-delay=25s"}, env(), "--shutdown-timeout"},
		{[]string{"--log-level=loud"}, env(), "log-level"},
		{[]string{"--genai-metrics=latest"}, env(), "genai-metrics"},
		{[]string{"--no-such-flag"}, env(), "no-such-flag"},
		{[]string{"serve"}, env(), `"serve"`},
		{nil, env("PLIMSOLL_SESSION_TTL", "soon"), "PLIMSOLL_SESSION_TTL"},
		{nil, env("PLIMSOLL_LOG_LEVEL", "loud"), "PLIMSOLL_LOG_LEVEL"},
	} {
		if _, err := parseOptions(tt.args, tt.env, io.Discard); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("parseOptions(%q) = %v, want an error about %s", tt.args, err, tt.want)
		}
	}
}

func TestHelpAndVersionNeedNothing(t *testing.T) {
	var help bytes.Buffer
	if err := run(t.Context(), []string{"--help"}, env(), &help); err != nil {
		t.Errorf("--help = %v", err)
	}
	fs := flag.NewFlagSet("", flag.ContinueOnError)
	new(options).register(fs)
	fs.VisitAll(func(f *flag.Flag) {
		if !strings.Contains(help.String(), "--"+f.Name) || !strings.Contains(help.String(), envName(f)) {
			t.Errorf("help does not explain --%s and its twin:\n%s", f.Name, help.String())
		}
	})
	var out bytes.Buffer
	if err := run(t.Context(), []string{"--version"}, env(), &out); err != nil || !strings.Contains(out.String(), version) {
		t.Errorf("--version = %q, %v", out.String(), err)
	}
}

func TestAPIKey(t *testing.T) {
	dir := t.TempDir()
	write := func(name, data string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(data), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, empty := write("good", "from-file\n"), write("empty", "\n")
	for _, tt := range []struct {
		name, file, variable string
		want, problem        string
	}{
		{"environment", "", " from-env\n", "from-env", ""},
		{"file wins", good, "from-env", "from-file", ""},
		{"nothing", "", "", "", "GEMINI_API_KEY"},
		{"blank", "", " ", "", "--api-key-file"},
		{"empty file", empty, "from-env", "", "is empty"},
		{"no such file", filepath.Join(dir, "gone"), "from-env", "", "gone"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := apiKey(tt.file, env("GEMINI_API_KEY", tt.variable))
			if got != tt.want || (err == nil) != (tt.problem == "") {
				t.Errorf("apiKey = %q, %v; want %q", got, err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), tt.problem) {
				t.Errorf("error = %q, want %q in it", err, tt.problem)
			}
		})
	}
	if err := run(t.Context(), nil, env(), io.Discard); err == nil || errors.Is(err, flag.ErrHelp) {
		t.Errorf("run without a key = %v, want an error", err)
	}
}
