package stats

import (
	"cmp"
	"log/slog"
	"strings"
)

// maxNames bounds how many endpoints, kinds of error and models are counted by name; further ones count as other. A file
// may hold anything.
const maxNames = 64

// Names for lines that lack one.
const (
	noErrorType = "Unknown"
	noEndpoint  = "unknown"
	otherName   = "other"
)

// Totals are sums over lines, which may be added and merged in any order. The zero value is empty.
type Totals struct {
	errors      uint64 // failed requests
	errorTypes  counters
	otherErrors uint64

	requests         uint64
	failed           uint64 // status 5xx, or an error without a status
	requestDurations histogram
	endpoints        counters
	classes          [6]uint64 // of statuses: [4] is 4xx

	models         []modelTotals
	callErrorTypes counters
	callDurations  histogram
}

// Add counts a line. The caller leaves out those below MinLevel.
func (t *Totals) Add(e *Entry) {
	switch e.Kind {
	case CallSucceeded, CallFailed:
		t.addCall(e)
	case RequestEnded:
		t.addRequest(e)
	case Other:
		if e.Level >= slog.LevelError {
			t.otherErrors++
		}
	}
}

func (t *Totals) addRequest(e *Entry) {
	t.requests++
	t.endpoints.add(cmp.Or(e.Endpoint, noEndpoint), 1)
	statusClass := e.Status / 100
	if statusClass > 0 && statusClass < len(t.classes) {
		t.classes[statusClass]++
	}
	if statusClass == 5 || e.Status == 0 && e.Level >= slog.LevelError {
		t.failed++
	}
	if e.ErrorType != "" || e.Level >= slog.LevelError {
		t.errors++
		t.errorTypes.add(cmp.Or(e.ErrorType, noErrorType), 1)
	}
	if e.HasDuration {
		t.requestDurations.add(e.Duration)
	}
}

func (t *Totals) addCall(e *Entry) {
	m := modelTotals{name: cmp.Or(e.Model, "unknown"), prompt: e.PromptTokens, completion: e.CompletionTokens}
	if e.Kind == CallSucceeded {
		m.succeeded = 1
	} else {
		m.failed = 1
		t.callErrorTypes.add(cmp.Or(e.ErrorType, noErrorType), 1)
		if e.Level >= slog.LevelError {
			m.errors = 1
		}
	}
	if e.HasDuration {
		m.timed, m.sum = 1, e.Duration
		t.callDurations.add(e.Duration)
	}
	t.addModel(&m)
}

// Merge adds other totals.
func (t *Totals) Merge(other *Totals) {
	t.errors += other.errors
	t.errorTypes.merge(other.errorTypes)
	t.otherErrors += other.otherErrors
	t.requests += other.requests
	t.failed += other.failed
	t.requestDurations.merge(&other.requestDurations)
	t.endpoints.merge(other.endpoints)
	for i, n := range other.classes {
		t.classes[i] += n
	}
	for i := range other.models {
		t.addModel(&other.models[i])
	}
	t.callErrorTypes.merge(other.callErrorTypes)
	t.callDurations.merge(&other.callDurations)
}

// counters count by name. Names are few, so that a linear search is faster than hashing, and smaller.
type counters []namedCount

type namedCount struct {
	name string
	n    uint64
}

func (t *counters) add(name string, n uint64) {
	for i := range *t {
		if (*t)[i].name == name {
			(*t)[i].n += n
			return
		}
	}
	if len(*t) >= maxNames && name != otherName {
		t.add(otherName, n)
		return
	}
	*t = append(*t, namedCount{strings.Clone(name), n})
}

func (t *counters) merge(other counters) {
	for _, c := range other {
		t.add(c.name, c.n)
	}
}

func (t counters) byName() map[string]uint64 {
	out := make(map[string]uint64, len(t))
	for _, c := range t {
		out[c.name] = c.n
	}
	return out
}
