package tuner

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// event is what is told of the samples' reading, as the page has it.
type event struct {
	name string
	data any
}

type progressEvent struct {
	Phase   string  `json:"phase"`
	Done    float64 `json:"done"`
	Samples int     `json:"samples"`
	// Left is how many seconds it will take; nil when that is not known yet.
	Left *float64 `json:"left"`
}

type readyEvent struct {
	Series   int     `json:"series"`
	Samples  int     `json:"samples"`
	Coverage float64 `json:"coverage"`
}

type failedEvent struct {
	Error string `json:"error"`
	// Partial: what was read is kept, and a retry goes on from there.
	Partial bool `json:"partial"`
}

// progress tells any number of listeners the latest event.
type progress struct {
	mu      sync.Mutex
	latest  event
	changed chan struct{}
}

func newProgress() *progress {
	return &progress{latest: event{"progress", progressEvent{Phase: phaseReading}}, changed: make(chan struct{})}
}

const phaseReading = "reading the samples"

func (p *progress) set(name string, data any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.latest = event{name, data}
	close(p.changed)
	p.changed = make(chan struct{})
}

// get returns the latest event, and what is closed when there is a later one.
func (p *progress) get() (event, <-chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.latest, p.changed
}

// ServeHTTP tells the events as they come, until the client leaves.
func (p *progress) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	out := http.NewResponseController(w)
	for {
		latest, changed := p.get()
		data, err := json.Marshal(latest.data)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", latest.name, data); err != nil || out.Flush() != nil {
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// timeLeft is how many seconds are left when a share from one to another took that time; nil when that is not known.
func timeLeft(from, to float64, took time.Duration) *float64 {
	if to <= from {
		return nil
	}
	left := took.Seconds() / (to - from) * (1 - to)
	return &left
}
