package stats

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// keepRecent is how many errors are shown, the source document's ten; maxText is the longest of their texts, in bytes.
const (
	maxRecent    = 10
	maxTextBytes = 1000
)

// RecentError is an error's line as far as it is kept.
type RecentError struct {
	Timestamp string `json:"timestamp"`
	Level     string `json:"level"`
	Message   string `json:"message"`
	RequestID string `json:"request_id,omitempty"`
	Method    string `json:"method,omitempty"`
	Endpoint  string `json:"endpoint,omitempty"`
	Status    int    `json:"status,omitempty"`
	Model     string `json:"model,omitempty"`
	ErrorType string `json:"error_type,omitempty"`
	Error     string `json:"error,omitempty"`
	// Duration is in seconds.
	Duration *float64 `json:"duration,omitempty"`
}

// Recent keeps the last errors. The zero value has none.
type Recent struct {
	entries []recentEntry // oldest first
}

type recentEntry struct {
	Entry
	order uint64 // tells lines of the same microsecond apart
}

// Wants says whether an error of that time and order would be kept: who asks first need not prepare it.
func (r *Recent) Keeps(t time.Time, order uint64) bool {
	return len(r.entries) < maxRecent || compareTime(t, order, &r.entries[0]) > 0
}

// Add keeps an error if it is among the last. Of two with the same time, that of the greater order is later.
func (r *Recent) Add(e *Entry, order uint64) {
	if !r.Keeps(e.Time, order) {
		return
	}
	own := recentEntry{*e, order}
	for _, text := range []*string{
		&own.Message, &own.RequestID, &own.Method, &own.Endpoint, &own.Model, &own.ErrorType, &own.Error,
	} {
		*text = truncate(*text)
	}
	i := len(r.entries)
	for i > 0 && compareTime(e.Time, order, &r.entries[i-1]) < 0 {
		i--
	}
	if len(r.entries) == maxRecent {
		copy(r.entries, r.entries[1:i])
		r.entries[i-1] = own
		return
	}
	r.entries = slices.Insert(r.entries, i, own)
}

// Merge adds what another has kept.
func (r *Recent) Merge(other *Recent) {
	for i := range other.entries {
		r.Add(&other.entries[i].Entry, other.entries[i].order)
	}
}

func compareTime(t time.Time, order uint64, than *recentEntry) int {
	return cmp.Or(t.Compare(than.Time), cmp.Compare(order, than.order))
}

// bounded is a copy of text, cut if it is long. A cut never leaves half a character.
func truncate(text string) string {
	if len(text) <= maxTextBytes {
		return strings.Clone(text)
	}
	return strings.ToValidUTF8(text[:maxTextBytes], "") + "…"
}

// since are the errors after from, oldest first; never nil, for JSON's sake.
func (r *Recent) since(from time.Time) []RecentError {
	out := []RecentError{}
	for i := range r.entries {
		e := &r.entries[i].Entry
		if !e.Time.After(from) {
			continue
		}
		shown := RecentError{
			Timestamp: logs.Timestamp(e.Time), Level: logs.LevelName(e.Level), Message: e.Message, RequestID: e.RequestID,
			Method: e.Method, Endpoint: e.Endpoint, Status: e.Status, Model: e.Model, ErrorType: e.ErrorType, Error: e.Error,
		}
		if e.HasDuration {
			seconds := e.Duration.Seconds()
			shown.Duration = &seconds
		}
		out = append(out, shown)
	}
	return out
}
