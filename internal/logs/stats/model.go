package stats

import (
	"strings"
	"time"
)

// modelTotals are those of one model's calls.
type modelTotals struct {
	name              string
	succeeded, failed uint64
	// faults are the failed calls that somebody should look at: not those whose client went away.
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

// callFaults is the number of all models' calls, and of those that failed through a fault.
func (t *Totals) callErrors() (calls, faults uint64) {
	for i := range t.models {
		calls += t.models[i].succeeded + t.models[i].failed
		faults += t.models[i].errors
	}
	return calls, faults
}
