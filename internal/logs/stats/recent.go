package stats

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
)

// maxRecent is how many errors are shown, maxTextBytes the maximum length of their texts.
const (
	maxRecent    = 10
	maxTextBytes = 1000

	// maxKept is how many lines are kept: an error may have two, the call's and the request's.
	maxKept = 2 * maxRecent
)

// RecentError is the log line of an error.
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

// Recent keeps the last lines of errors. The zero value is empty.
type Recent struct {
	entries []recentEntry // oldest first
}

type recentEntry struct {
	Entry
	order uint64 // of lines of the same microsecond
}

// Keeps reports whether Add would keep an error of that time and order.
func (r *Recent) Keeps(t time.Time, order uint64) bool {
	return len(r.entries) < maxKept || compareTime(t, order, &r.entries[0]) > 0
}

// Add keeps an error if it is among the last. order decides between errors of the same time.
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
	if len(r.entries) == maxKept {
		copy(r.entries, r.entries[1:i])
		r.entries[i-1] = own
		return
	}
	r.entries = slices.Insert(r.entries, i, own)
}

// Merge adds the errors of another.
func (r *Recent) Merge(other *Recent) {
	for i := range other.entries {
		r.Add(&other.entries[i].Entry, other.entries[i].order)
	}
}

func compareTime(t time.Time, order uint64, than *recentEntry) int {
	return cmp.Or(t.Compare(than.Time), cmp.Compare(order, than.order))
}

// truncate returns a copy of text, cut at a character if it is long.
func truncate(text string) string {
	if len(text) <= maxTextBytes {
		return strings.Clone(text)
	}
	return strings.ToValidUTF8(text[:maxTextBytes], "") + "…"
}

// since returns the last errors after from, oldest first; never nil, so that it is a list in JSON.
func (r *Recent) since(from time.Time) []RecentError {
	out := []RecentError{}
	for i := range r.entries {
		if e := &r.entries[i].Entry; e.Time.After(from) && !r.failedRequest(e) {
			out = append(out, shown(e))
		}
	}
	return out[max(0, len(out)-maxRecent):]
}

// failedRequest reports whether a call's failure is also there as its request's.
func (r *Recent) failedRequest(call *Entry) bool {
	return call.Kind == CallFailed && call.RequestID != "" && slices.ContainsFunc(r.entries, func(e recentEntry) bool {
		return e.Kind == RequestEnded && e.RequestID == call.RequestID && e.ErrorType == call.ErrorType
	})
}

func shown(e *Entry) RecentError {
	s := RecentError{
		Timestamp: logs.Timestamp(e.Time), Level: logs.LevelName(e.Level), Message: e.Message, RequestID: e.RequestID,
		Method: e.Method, Endpoint: e.Endpoint, Status: e.Status, Model: e.Model, ErrorType: e.ErrorType, Error: e.Error,
	}
	if e.HasDuration {
		seconds := e.Duration.Seconds()
		s.Duration = &seconds
	}
	return s
}
