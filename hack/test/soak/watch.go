package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/fakegemini/accounting"
	"github.com/plimsoll-dev/plimsoll/internal/metric"
)

const (
	// scrapeEvery is how often /metrics is read.
	scrapeEvery = time.Second
	// scrapeTimeout is Prometheus' own: what takes longer is a gap in every graph.
	scrapeTimeout = 10 * time.Second
)

// scrapes are what Prometheus would have seen.
type scrapes struct {
	mu     sync.Mutex
	took   []time.Duration
	missed failureList
	rss    []float64 // after the warm-up
}

// scrape reads what the assistant says of itself.
func (p *process) scrape(ctx context.Context) (accounting.Metrics, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.telemetry+"/metrics", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("/metrics: %s", resp.Status)
	}
	return accounting.Parse(bytes.NewReader(page), "model")
}

// watch scrapes every second until ctx ends, however long each takes, and says now and then what it sees.
func (p *process) watch(ctx context.Context, warm time.Time, out io.Writer) *scrapes {
	s := &scrapes{}
	var running sync.WaitGroup
	defer running.Wait()
	tick := time.NewTicker(scrapeEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		select {
		case <-ctx.Done():
			return s
		case <-tick.C:
		}
		running.Go(func() {
			began := time.Now()
			limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), scrapeTimeout)
			defer cancel()
			page, err := p.scrape(limited)
			s.add(began.After(warm), time.Since(began), page, err)
			if err == nil && n%30 == 0 {
				_, _ = fmt.Fprintf(out, "%6d scrapes  rss %6.1f MiB  goroutines %4.0f\n", n, resident(page)/(1<<20), goroutines(page))
			}
		})
	}
}

func (s *scrapes) add(warm bool, took time.Duration, page accounting.Metrics, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.missed.add(err.Error())
		return
	}
	s.took = append(s.took, took)
	if warm {
		s.rss = append(s.rss, resident(page))
	}
}

func goroutines(page accounting.Metrics) float64 { return page[metric.Goroutines.Name][""] }

func resident(page accounting.Metrics) float64 { return page[metric.ResidentMemory.Name][""] }
