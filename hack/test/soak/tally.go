package main

import (
	"fmt"
	"sync"

	"github.com/plimsoll-dev/plimsoll/internal/assistant"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

// cell is a way's place in the table.
type cell struct {
	name string
	form form
}

// score is how often a way was gone, and how often it led elsewhere.
type score struct{ tried, lost int }

// tally counts requests by what must become of them. It is safe for concurrent use.
type tally struct {
	mu       sync.Mutex
	all      score
	surprise int // 5xx that the script does not have
	cells    map[cell]score
	statuses map[int]int // as counted
	requests map[string]float64
	times    map[string]float64
	errors   map[string]float64
	kinds    map[string]float64
	mistakes mistakes
}

func newTally() *tally {
	return &tally{
		cells: map[cell]score{}, statuses: map[int]int{}, requests: map[string]float64{}, times: map[string]float64{},
		errors: map[string]float64{}, kinds: map[string]float64{},
	}
}

// count books a request and its answer.
func (t *tally) count(w way, a answer) {
	err := a.verdict(w)
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.cells[cell{w.name, w.form}]
	s.tried++
	t.all.tried++
	if err != nil {
		s.lost++
		t.all.lost++
		t.mistakes.add(fmt.Sprintf("%s, %s: %v", w.form, w.name, err))
	}
	t.cells[cell{w.name, w.form}] = s
	if a.status >= 500 && a.status != w.told {
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
