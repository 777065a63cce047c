package stats

import (
	"context"
	"time"
)

// Gauge summarizes the samples of a percentage; null without any.
type Gauge struct {
	Avg *float64 `json:"avg"`
	Max *float64 `json:"max"`
}

// History is CPU and memory over a range of time.
type History struct {
	CPU    Gauge `json:"cpu_percent"`
	Memory Gauge `json:"memory_percent"`
}

type gauge struct {
	n        uint64
	sum, max float64
}

func (g *gauge) add(percent *float64) {
	if percent != nil {
		g.merge(gauge{1, *percent, *percent})
	}
}

func (g *gauge) merge(other gauge) {
	g.n += other.n
	g.sum += other.sum
	g.max = max(g.max, other.max)
}

func (g *gauge) summary() Gauge {
	if g.n == 0 {
		return Gauge{}
	}
	avg, highest := g.sum/float64(g.n), g.max
	return Gauge{Avg: &avg, Max: &highest}
}

// Follow samples CPU and memory in percent until ctx ends. What is unknown is nil.
func (w *Window) Follow(ctx context.Context, interval time.Duration, read func() (cpu, memory *float64)) {
	t := time.NewTicker(interval)
	defer t.Stop()
	for {
		w.sample(read())
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
	}
}

func (w *Window) sample(cpu, memory *float64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, r := range []*ring{&w.fine, &w.coarse} {
		if b := r.at(w.now()); b != nil {
			b.cpu.add(cpu)
			b.memory.add(memory)
		}
	}
}

// History returns that of the last lookback, as Report does.
func (w *Window) History(lookback time.Duration) History {
	w.mu.Lock()
	defer w.mu.Unlock()
	var cpu, memory gauge
	r := w.ringFor(lookback)
	for b := range r.since(w.now().Add(-lookback)) {
		cpu.merge(b.cpu)
		memory.merge(b.memory)
	}
	return History{CPU: cpu.summary(), Memory: memory.summary()}
}

// sustained is whether a gauge was above its limit all the time, and its mean.
type sustained struct {
	above   bool
	mean    float64
	samples uint64
}

// sustained looks at the last five minutes: each bucket of ten seconds must be above the limit on average, and all but
// the current one must have samples.
func (w *Window) sustained(now time.Time) (cpu, memory sustained) {
	var cpuAll, memoryAll gauge
	var cpuHigh, memoryHigh int
	high := func(g gauge) int {
		if g.n > 0 && g.sum/float64(g.n) > busyPercent {
			return 1
		}
		return 0
	}
	from := w.fine.index(now.Add(-Sustained))
	for b := range w.fine.since(now.Add(-Sustained)) {
		if b.index == from || b.index == w.fine.index(now) {
			continue // partly outside
		}
		cpuAll.merge(b.cpu)
		memoryAll.merge(b.memory)
		cpuHigh += high(b.cpu)
		memoryHigh += high(b.memory)
	}
	const all = int(Sustained/fineWidth) - 1
	return sustainedIf(cpuAll, cpuHigh == all), sustainedIf(memoryAll, memoryHigh == all)
}

func sustainedIf(g gauge, above bool) sustained {
	if !above {
		return sustained{}
	}
	return sustained{true, g.sum / float64(g.n), g.n}
}
