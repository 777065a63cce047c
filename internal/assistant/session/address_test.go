package session

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestAddressIsRedacted(t *testing.T) {
	for url, want := range map[string]string{
		"redis://localhost:6379":                      "redis://localhost:6379",
		"rediss://user:hunter2@redis.example/3":       "rediss://redis.example/3",
		"redis://:hunter2@redis:6379/0?pool_size=2":   "redis://redis:6379/0",
		"redis://:hunter%2F2@redis:6379/0#hunter2":    "redis://redis:6379/0",
		"redis://:hunter2/@redis:6379 is no URL \x7f": "redis",
	} {
		a := Address{URL: url}
		if got := a.String(); got != want {
			t.Errorf("String = %q, want %q", got, want)
		}
		if got := fmt.Sprintf("%v %+v %#v %s", a, a, a, &a); strings.Contains(got, "hunter") {
			t.Errorf("the password is shown: %s", got)
		}
	}
}

func TestABadAddressIsRefusedWithoutItsPassword(t *testing.T) {
	for _, url := range []string{
		"", "localhost:6379", "http://hunter2@localhost", "redis://", "redis://:hunter2@host:port",
		"redis://:hunter2@host/notanumber", "redis://:hun/ter2@host:6379", "redis://host/0?hunter2=1", "redis://h:1/0/hunter2",
		"redis://:hun%ter2@host",
	} {
		err := Address{URL: url}.Check()
		if err == nil || strings.Contains(err.Error(), "hunter") || strings.Contains(err.Error(), "ter2") {
			t.Errorf("Check(%q) = %v, want an error without the password", url, err)
		}
	}
	if _, err := NewRedis(Address{URL: "redis://:port"}, DefaultLimits(time.Minute)); err == nil {
		t.Error("NewRedis took a bad address")
	}
	for _, limits := range []Limits{{}, {TTL: time.Microsecond, Messages: 1, Bytes: 1}, {TTL: time.Minute, Messages: 1}} {
		if _, err := NewRedis(Address{URL: "redis://localhost"}, limits); err == nil {
			t.Errorf("NewRedis took %+v", limits)
		}
	}
}

// TestTheClientGivesUpInTime: whatever the URL says, no step is unbounded and nothing is repeated.
func TestTheClientGivesUpInTime(t *testing.T) {
	o, err := Address{URL: "redis://localhost?read_timeout=-1&dial_timeout=1h&max_retries=9"}.options(time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]time.Duration{
		"dial": o.DialTimeout, "read": o.ReadTimeout, "write": o.WriteTimeout, "pool": o.PoolTimeout,
	} {
		if d != time.Second {
			t.Errorf("%s timeout = %v, want 1s", name, d)
		}
	}
	if o.MaxRetries != -1 || o.DialerRetries != 1 || !o.ContextTimeoutEnabled {
		t.Errorf("retries %d, dials %d, contexts heeded %v", o.MaxRetries, o.DialerRetries, o.ContextTimeoutEnabled)
	}
	if Timeout > time.Second {
		t.Errorf("an operation may take %v: a chat waits for two", Timeout)
	}
}

func TestTLSIsAskedForByTheScheme(t *testing.T) {
	plain, err := Address{URL: "redis://redis.example"}.options(time.Second)
	if err != nil || plain.TLSConfig != nil {
		t.Errorf("redis:// has TLS %v, %v", plain.TLSConfig, err)
	}
	secure, err := Address{URL: "rediss://redis.example"}.options(time.Second)
	if err != nil || secure.TLSConfig == nil || secure.TLSConfig.ServerName != "redis.example" || secure.TLSConfig.InsecureSkipVerify {
		t.Errorf("rediss:// has TLS %v, %v; want the server's name verified", secure.TLSConfig, err)
	}
}

func TestPasswordFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "password")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	a := Address{URL: "redis://someone@localhost", PasswordFile: file}
	if err := a.Check(); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("Check without the file = %v", err)
	}
	write(" \n")
	if err := a.Check(); err == nil || !strings.Contains(err.Error(), "empty") {
		t.Errorf("Check of an empty file = %v", err)
	}
	write("hunter2\n")
	o, err := a.options(time.Second)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"hunter2", "hunter3"} {
		write(want + "\n")
		user, password, err := o.CredentialsProviderContext(t.Context())
		if user != "someone" || password != want || err != nil {
			t.Errorf("credentials = %q, %q, %v; want the file's of now", user, password, err)
		}
	}
	a.URL = "redis://:hunter2@localhost"
	if err := a.Check(); err == nil || strings.Contains(err.Error(), "hunter") {
		t.Errorf("Check of two passwords = %v", err)
	}
}
