package stats

import (
	"strings"
	"time"
)

// modelTotals are the totals of one model's calls.
type modelTotals struct {
	name              string
	succeeded, failed uint64
	// errors are the failed calls without those whose client disconnected.
	errors uint64
	timed  uint64
	sum    time.Duration
	// prompt and completion are tokens.
	prompt, completion float64
}

func (t *Totals) addModel(m *modelTotals) {
	for i := range t.models {
		if t.models[i].name == m.name {
			t.models[i].merge(m)
			return
		}
	}
	if len(t.models) >= maxNames && m.name != otherName {
		rest := *m
		rest.name = otherName
		t.addModel(&rest)
		return
	}
	own := *m
	own.name = strings.Clone(m.name)
	t.models = append(t.models, own)
}

func (m *modelTotals) merge(other *modelTotals) {
	m.succeeded += other.succeeded
	m.failed += other.failed
	m.errors += other.errors
	m.timed += other.timed
	m.sum += other.sum
	m.prompt += other.prompt
	m.completion += other.completion
}

// callErrors returns the number of calls of all models, and of their errors.
func (t *Totals) callErrors() (calls, errors uint64) {
	for i := range t.models {
		calls += t.models[i].succeeded + t.models[i].failed
		errors += t.models[i].errors
	}
	return calls, errors
}
