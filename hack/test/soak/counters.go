package main

import (
	"fmt"
	"sync"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// cell is a scenario's place in the table.
type tableCell struct {
	name string
	form form
}

// score is how often a scenario ran, and how often it ended otherwise.
type score struct{ tried, lost int }

// counters counts requests by what must become of them. It is safe for concurrent use.
type counters struct {
	mu       sync.Mutex
	all      score
	surprise int // 5xx that the script does not have
	cells    map[tableCell]score
	statuses map[int]int // as counted
	requests map[string]float64
	times    map[string]float64
	errors   map[string]float64
	kinds    map[string]float64
	failures failureList
}

func newCounters() *counters {
	return &counters{
		cells: map[tableCell]score{}, statuses: map[int]int{}, requests: map[string]float64{}, times: map[string]float64{},
		errors: map[string]float64{}, kinds: map[string]float64{},
	}
}

// count counts a request and its answer.
func (t *counters) count(w scenario, a answer) {
	err := a.problem(w)
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.cells[tableCell{w.name, w.form}]
	s.tried++
	t.all.tried++
	if err != nil {
		s.lost++
		t.all.lost++
		t.failures.add(fmt.Sprintf("%s, %s: %v", w.form, w.name, err))
	}
	t.cells[tableCell{w.name, w.form}] = s
	if a.status >= 500 && a.status != w.status {
		t.surprise++
	}
	t.statuses[w.counted]++
	t.requests[fmt.Sprintf("%s %s %d", w.endpoint, w.method, w.counted)]++
	t.times[w.endpoint+" "+w.method]++
	if w.kind != "" {
		t.errors[key(w.kind, w.endpoint)]++
	}
	if w.form != plain && w.kind != "" {
		t.errors[key(w.kind, metric.EndpointModel)]++
		t.kinds[string(w.kind)]++
	}
}

// key is an error's series: its labels in the order of their names.
func key(kind assistant.Kind, endpoint string) string { return endpoint + " " + string(kind) }
