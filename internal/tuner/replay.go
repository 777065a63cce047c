package tuner

import (
	"cmp"
	"math"
	"math/bits"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
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
			mask |= crosses << i
		}
	}
	if c.lower > math.Inf(-1) {
		for i, v := range values[:64] {
			var crosses uint64
			if v < c.lower {
				crosses = 1
			}
			mask |= crosses << i
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

// replay evaluates the alerts of a level over all series, in parallel. Its episodes are those of backtest.Replay, to which a property
// test and a fuzz test hold it; it is faster because blocks of values that lie on one side of the level are not looked at.
func (s *Samples) replay(level rules.Level) *levelResult {
	initial := alertState{forSteps: s.steps(level.For), keepFiringSteps: s.steps(level.KeepFiringFor), end: -1}
	c := newCrossing(level)

	workers := min(runtime.GOMAXPROCS(0), max(1, len(s.series)))
	results := make([]*levelResult, workers)
	var next atomic.Int64
	var group sync.WaitGroup
	for w := range results {
		results[w] = newLevelResult(s.window, s.series)
		group.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(s.series); i = int(next.Add(1)) - 1 {
				a := initial
				s.replaySeries(i, c, &a, results[w])
			}
		})
	}
	group.Wait()
	for _, r := range results[1:] {
		results[0].merge(r)
	}
	results[0].isOfSeries = true
	return results[0]
}

// steps is how many steps it takes until at least that time has passed.
func (s *Samples) steps(d time.Duration) int { return int((d + s.window.Step - 1) / s.window.Step) }

func (s *Samples) replaySeries(i int, c crossing, a *alertState, result *levelResult) {
	run := func(from, to int) {
		if e, ended := a.run(from, to); ended {
			e.series = i
			result.add(e)
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
		result.add(e)
	}
}

// maxEpisodes is how many episodes of a level are kept: the longest.
const maxEpisodes = 2000

// levelResult is what one level did over the window.
type levelResult struct {
	// series are those whose alerts the episodes are.
	series []series
	// isOfSeries: they are those of the samples.
	isOfSeries bool
	// fires is how often an alert began to fire, and seriesFires how often each series' did.
	fires       int
	seriesFires []int32
	// longest is the longest that one series' alert fired, in steps.
	longest int
	// firing has a bit for every step in which an alert fired.
	firing []uint64
	// began has how many alerts began to fire at each evaluation.
	began []int32
	// longestEpisodes are the longest, in no order, and at times as many again.
	longestEpisodes []episode
	// minLength is the length below which an episode is none of the longest.
	minLength int
}

func newLevelResult(w backtest.Window, of []series) *levelResult {
	n := w.Evaluations()
	return &levelResult{series: of, seriesFires: make([]int32, len(of)), firing: make([]uint64, n/64+1), began: make([]int32, n)}
}

func (r *levelResult) add(e episode) {
	r.fires++
	r.seriesFires[e.series]++
	r.began[e.fired]++
	r.longest = max(r.longest, e.length())
	setBits(r.firing, e.fired, e.resolved)
	if e.length() >= r.minLength {
		r.longestEpisodes = append(r.longestEpisodes, e)
		if len(r.longestEpisodes) == 2*maxEpisodes {
			r.cut()
		}
	}
}

// cut leaves the longest episodes; of those as long, the earliest.
func (r *levelResult) cut() {
	slices.SortFunc(r.longestEpisodes, func(a, b episode) int {
		return cmp.Or(cmp.Compare(b.length(), a.length()), r.compare(a, b))
	})
	if len(r.longestEpisodes) > maxEpisodes {
		r.longestEpisodes = r.longestEpisodes[:maxEpisodes]
		r.minLength = r.longestEpisodes[maxEpisodes-1].length()
	}
}

// compare orders episodes by when they began to fire, and then by their series' labels.
func (r *levelResult) compare(a, b episode) int {
	return cmp.Or(cmp.Compare(a.fired, b.fired), cmp.Compare(r.series[a.series].key, r.series[b.series].key))
}

// merge takes in the result of other series.
func (r *levelResult) merge(other *levelResult) {
	r.fires += other.fires
	r.longest = max(r.longest, other.longest)
	for i, n := range other.seriesFires {
		r.seriesFires[i] += n
	}
	for i, word := range other.firing {
		r.firing[i] |= word
	}
	for i, n := range other.began {
		r.began[i] += n
	}
	r.longestEpisodes = append(r.longestEpisodes, other.longestEpisodes...)
	r.cut()
}

// episodes returns the longest episodes in the order in which they began to fire.
func (r *levelResult) episodes() []episode {
	r.cut()
	slices.SortFunc(r.longestEpisodes, r.compare)
	return r.longestEpisodes
}

// firingSteps is in how many steps an alert fired.
func (r *levelResult) firingSteps() (n int) {
	for _, word := range r.firing {
		n += bits.OnesCount64(word)
	}
	return n
}

// setBits sets the bits from one up to another, which is not set.
func setBits(words []uint64, from, to int) {
	for from < to {
		n := min(64-from%64, to-from)
		words[from/64] |= (^uint64(0) >> (64 - n)) << (from % 64)
		from += n
	}
}
