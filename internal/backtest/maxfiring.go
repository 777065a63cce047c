package backtest

import "math"

// noLevel is less than every level: an alert never fires there.
var noLevel = math.Inf(-1)

// maxFiring follows one series and keeps the greatest level, w, below which its alert fires: the alert of a level L fires if
// and only if w > L. So one pass replays all levels.
//
// Let v be the values, H the steps of for and K those of keep_firing_for; no sample and NaN count as -Inf. An alert begins
// to fire at i, if it did not yet, when every one of v[i-H..i] crosses its level: when m > L, m being the least of them.
// A firing alert goes on at i when any of v[i-K..i] crosses its level: when d > L, d being the greatest of them. Since
// m <= d, it fires at i when m > L, or d > L and it fired at i-1:
//
//	w[i] = max(m[i], min(d[i], w[i-1]))
//
// The property test holds it to Replay.
type maxFiring struct {
	w float64
	// since is the first evaluation that the queues know of.
	since       int
	least, most queue
	// rising says that w has risen since it last fell, from what it was before.
	rising bool
	from   float64
}

// levelSweep is what the maxFirings of all series say about one level.
type levelSweep struct {
	level replayLevel
	// lows and highs are where w rose from and to without falling in between. Such a rise lets the alert of
	// every level from its low to just below its high begin to fire, once.
	lows, highs []float64
	// peaks are the greatest w at every evaluation: where some alert fires.
	peaks []float64
}

// scan follows the series over values, the first of which is of evaluation at.
func (l *maxFiring) scan(s *levelSweep, at int, values []float64) {
	for len(s.peaks) < at+len(values) {
		s.peaks = append(s.peaks, noLevel)
	}
	for i, v := range values {
		if v != v {
			v = noLevel
		}
		l.step(s, at+i, v)
	}
}

// skip follows the series over n evaluations without a sample, the first of which is at. After K+1 of them no level fires
// and nothing before them matters.
func (l *maxFiring) skip(s *levelSweep, at, n int) {
	for i := range min(n, s.level.keepFiringSteps+1) {
		l.scan(s, at+i, []float64{noLevel})
	}
	if n > s.level.keepFiringSteps+1 {
		l.least.clear()
		l.most.clear()
		l.since = at + n
	}
}

func (l *maxFiring) step(s *levelSweep, at int, v float64) {
	least, most := -l.least.push(at, -v, s.level.forSteps+1), l.most.push(at, v, s.level.keepFiringSteps+1)
	if at-l.since < s.level.forSteps {
		least = noLevel
	}
	w := max(least, min(most, l.w))
	switch {
	case w > l.w && !l.rising:
		l.rising, l.from = true, l.w
	case w < l.w:
		l.endRise(s)
	}
	l.w = w
	s.peaks[at] = max(s.peaks[at], w)
}

// rest ends a rise.
func (l *maxFiring) endRise(s *levelSweep) {
	if l.rising {
		s.lows, s.highs = append(s.lows, l.from), append(s.highs, l.w)
	}
	l.rising = false
}

// queue gives the greatest of the last values. It holds those that can still become it, which fall.
type queue struct {
	entries []entry
	head    int
}

type entry struct {
	at    int
	value float64
}

// push adds the value at an evaluation and returns the greatest of the last size.
func (q *queue) push(at int, value float64, size int) float64 {
	last := len(q.entries)
	for last > q.head && q.entries[last-1].value <= value {
		last--
	}
	q.entries = append(q.entries[:last], entry{at, value})
	for q.entries[q.head].at <= at-size {
		q.head++
	}
	if q.head > len(q.entries)/2 {
		q.entries = q.entries[:copy(q.entries, q.entries[q.head:])]
		q.head = 0
	}
	return q.entries[q.head].value
}

func (q *queue) clear() { q.entries, q.head = q.entries[:0], 0 }
