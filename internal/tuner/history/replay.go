package history

import (
	"math"
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/rules"
)

// crossing is a level as the two values beyond which it is crossed; infinite where it has no such side.
type crossing struct{ lower, upper float64 }

func newCrossing(level rules.Level) crossing {
	c := crossing{math.Inf(-1), math.Inf(1)}
	for _, side := range level.Sides() {
		if side.Comparison == rules.Below {
			c.lower = side.Value
		} else {
			c.upper = side.Value
		}
	}
	return c
}

// none reports whether no value of the block crosses, all whether each number does.
func (c crossing) none(b *block) bool { return b.max <= c.upper && b.min >= c.lower }
func (c crossing) all(b *block) bool  { return b.min > c.upper || b.max < c.lower }

// mask has a bit for each of 64 values that crosses. It has no branches that depend on values: those of noise cannot be predicted.
func (c crossing) mask(values []float64) (mask uint64) {
	_ = values[63]
	if c.upper < math.Inf(1) {
		for i, v := range values[:64] {
			var crosses uint64
			if v > c.upper {
				crosses = 1
			}
			mask |= crosses << (i & 63) // the compiler sees that it is less than 64
		}
	}
	if c.lower > math.Inf(-1) {
		for i, v := range values[:64] {
			var crosses uint64
			if v < c.lower {
				crosses = 1
			}
			mask |= crosses << (i & 63) // the compiler sees that it is less than 64
		}
	}
	return mask
}

// episode is an alert that fired. Its times are evaluations; resolved is the last one when isOpen, which says that it still fired then.
type episode struct {
	series, active, fired, resolved int
	isOpen                          bool
}

func (e episode) length() int { return e.resolved - e.fired }

// alertState follows one series' alert from run to run of evaluations that cross its level. It fires as Prometheus' would:
// for steps after a run began, unless the run ends before; and resolves keep steps after a run's end, unless another begins before.
type alertState struct {
	forSteps, keepFiringSteps int
	isFiring                  bool
	// start and end are the last run's: it crosses from start on, and at end no more.
	start, end    int
	active, fired int
}

// run takes the next run of evaluations that cross, which may continue the one before. It returns the episode that has ended before it.
func (a *alertState) run(from, to int) (e episode, ended bool) {
	if from > a.end {
		if due := a.end + a.keepFiringSteps; a.isFiring && from > due {
			e, ended, a.isFiring = episode{active: a.active, fired: a.fired, resolved: due}, true, false
		}
		a.start = from
	}
	a.end = to
	if !a.isFiring && to-1 >= a.start+a.forSteps {
		a.isFiring, a.active, a.fired = true, a.start, a.start+a.forSteps
	}
	return e, ended
}

// finish returns the episode that has not ended before the window of n evaluations did.
func (a *alertState) finish(n int) (e episode, is bool) {
	e = episode{active: a.active, fired: a.fired, resolved: a.end + a.keepFiringSteps}
	if e.resolved >= n {
		e.resolved, e.isOpen = n-1, true
	}
	return e, a.isFiring
}

// Replay evaluates the alerts of a level over all series, in parallel. Its episodes are those of backtest.Replay, to which a property
// test and a fuzz test hold it; it is faster because blocks of values that lie on one side of the level are not looked at.
func (s *Samples) Replay(level rules.Level) *Result {
	c := s.collect(level)
	result := c.result()
	result.SeriesFires = c.seriesFires
	return result
}

func (s *Samples) collect(level rules.Level) *collector {
	initial := alertState{forSteps: s.Steps(level.For), keepFiringSteps: s.Steps(level.KeepFiringFor), end: -1}
	c := newCrossing(level)

	collectors := make([]*collector, min(runtime.GOMAXPROCS(0), max(1, len(s.series))))
	var next atomic.Int64
	var group sync.WaitGroup
	for w := range collectors {
		collectors[w] = newCollector(s.window, s.series)
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(s.series); i = int(next.Add(1)) - 1 {
				a := initial
				s.replaySeries(i, c, &a, collectors[w])
			}
		})
	}
	group.Wait()
	for _, c := range collectors[1:] {
		collectors[0].merge(c)
	}
	return collectors[0]
}

// Steps is how many steps it takes until at least that time has passed.
func (s *Samples) Steps(d time.Duration) int { return int((d + s.window.Step - 1) / s.window.Step) }

func (s *Samples) replaySeries(i int, c crossing, a *alertState, into *collector) {
	run := func(from, to int) {
		if e, ended := a.run(from, to); ended {
			e.series = i
			into.add(e)
		}
	}
	for k, b := range s.series[i].blocks {
		at := k * blockSize
		switch size := min(blockSize, s.next-at); {
		case b == nil || c.none(b):
		case b.numbers == size && c.all(b):
			run(at, at+size)
		default:
			for word := 0; word < size; word += 64 {
				mask := c.mask(b.values[word : word+64])
				for from := 0; mask != 0; {
					zeros := bits.TrailingZeros64(mask)
					mask >>= zeros
					ones := bits.TrailingZeros64(^mask)
					mask >>= ones // all of them is 0
					from += zeros
					run(at+word+from, at+word+from+ones)
					from += ones
				}
			}
		}
	}
	if e, is := a.finish(s.next); is {
		e.series = i
		into.add(e)
	}
}
