// Package clientkeys authenticates clients by bearer keys in a file that may change while the process runs. It keeps only
// the hash of a key, and no error or log line holds a key.
package clientkeys

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strings"
)

// Client is the holder of a key.
type Client struct {
	// ID identifies the client. Keys of one name are one client, so that a key can be rotated without a gap.
	ID string
	// Name is for logs and metrics: the name before the key, or the number of the line.
	Name string
}

type contextKey struct{}

// ContextKey is the key of a request's *Client in contexts.
var ContextKey any = contextKey{}

// NameOf returns the name of the context's client; empty without one.
func NameOf(ctx context.Context) string {
	if client, ok := ctx.Value(ContextKey).(*Client); ok {
		return client.Name
	}
	return ""
}

// minKeyLength is the minimum length of a key in characters: shorter ones can be guessed.
const minKeyLength = 16

var (
	validName = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}$`)
	validKey  = regexp.MustCompile(`^[A-Za-z0-9._~+/=-]+$`) // what a bearer token is made of: RFC 6750
)

type hash = [sha256.Size]byte

type entry struct {
	hash   hash
	client Client
}

// parse reads one key a line, "name:key" or just "key"; it ignores blank lines and those that start with #. Its errors
// hold the number of the line and do not quote it.
func parse(data []byte) ([]entry, error) {
	var entries []entry
	seen := map[hash]int{}
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, key, named := strings.Cut(line, ":")
		if !named {
			name, key = "", line
		}
		name, key = strings.TrimSpace(name), strings.TrimSpace(key)
		switch {
		case named && !validName.MatchString(name):
			return nil, fmt.Errorf("line %d: the name before the colon must be 1 to 64 letters, digits, dots, dashes and underscores", n)
		case len(key) < minKeyLength:
			return nil, fmt.Errorf("line %d: the key is shorter than %d characters", n, minKeyLength)
		case !validKey.MatchString(key):
			return nil, fmt.Errorf("line %d: the key holds a character that no bearer key has, such as a space", n)
		}
		e := entry{hash: sha256.Sum256([]byte(key)), client: Client{ID: name, Name: name}}
		if !named {
			// Lines move when the file is edited, the key's hash does not. No name holds a colon, so the two cannot collide.
			e.client = Client{ID: "key:" + hex.EncodeToString(e.hash[:16]), Name: fmt.Sprintf("line-%d", n)}
		}
		if firstLine, ok := seen[e.hash]; ok {
			return nil, fmt.Errorf("line %d: the key is that of line %d", n, firstLine)
		}
		seen[e.hash] = n
		entries = append(entries, e)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("a line is too long to be a key: %w", err)
	}
	if len(entries) == 0 {
		return nil, errors.New("the file holds no key, so no client could use the assistant")
	}
	return entries, nil
}

// find looks up a key in a time that depends only on the number of entries.
func find(entries []entry, key string) (Client, bool) {
	presented := sha256.Sum256([]byte(key))
	index := -1
	for i := range entries {
		index = subtle.ConstantTimeSelect(subtle.ConstantTimeCompare(entries[i].hash[:], presented[:]), i, index)
	}
	if index < 0 {
		return Client{}, false
	}
	return entries[index].client, true
}
