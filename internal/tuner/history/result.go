package history

import (
	"cmp"
	"math/bits"
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/backtest"
)

// MaxEpisodes is how many episodes of a level are kept: the longest.
const MaxEpisodes = 2000

// Result is what one level did over the window.
type Result struct {
	// Fires is how often an alert began to fire, over all series, and Series how many of them fired.
	Fires, Series int
	// Firing is for how long at least one series' alert fired, Longest the longest that one did without a break.
	Firing, Longest time.Duration
	// Began has how many alerts began to fire at each evaluation of the window.
	Began []int32
	// SeriesFires has how often the alert of each series fired; nil where alerts are not those of single series.
	SeriesFires []int32
	// Episodes are the longest, in the order in which they began to fire, and at the same evaluation in that of their labels.
	Episodes []Episode
	// Failed is at how many evaluations the rule fails, and Failure why it did first; nil where no evaluation can.
	Failed  int
	Failure error
}

// Episode is an alert that fired. Its times are evaluations.
type Episode struct {
	// Name is what tells its series from the others.
	Name string
	// ActiveAt is when the value crossed the level, FiredAt when the alert began to fire.
	ActiveAt, FiredAt time.Time
	// ResolvedAt is the first evaluation at which it no longer fired; the window's last when IsOpen, which says that it still did.
	ResolvedAt time.Time
	IsOpen     bool
}

// collector counts what alerts of one level do.
type collector struct {
	window backtest.Window
	// series are those whose alerts the episodes are.
	series []series
	fires  int
	// seriesFires is how often each series' alert fired.
	seriesFires []int32
	// longest is the longest that one series' alert fired, in steps.
	longest int
	// firing has a bit for every step in which an alert fired.
	firing []uint64
	began  []int32
	// longestEpisodes are the longest, in no order, and at times as many again.
	longestEpisodes []episode
	// shortest is the last of the longest, when isCut says that there are more.
	shortest episode
	isCut    bool
}

func newCollector(w backtest.Window, of []series) *collector {
	n := w.Evaluations()
	return &collector{window: w, series: of, seriesFires: make([]int32, len(of)), firing: make([]uint64, n/64+1), began: make([]int32, n)}
}

func (c *collector) add(e episode) {
	c.fires++
	c.seriesFires[e.series]++
	c.began[e.fired]++
	c.longest = max(c.longest, e.length())
	setBits(c.firing, e.fired, e.resolved)
	if !c.isCut || c.compareLength(e, c.shortest) < 0 {
		c.longestEpisodes = append(c.longestEpisodes, e)
		if len(c.longestEpisodes) == 2*MaxEpisodes {
			c.cut()
		}
	}
}

// cut leaves the longest episodes; of those as long, the earliest.
func (c *collector) cut() {
	slices.SortFunc(c.longestEpisodes, c.compareLength)
	if len(c.longestEpisodes) > MaxEpisodes {
		c.longestEpisodes = c.longestEpisodes[:MaxEpisodes]
		c.shortest, c.isCut = c.longestEpisodes[MaxEpisodes-1], true
	}
}

func (c *collector) compareLength(a, b episode) int {
	if a.length() != b.length() {
		return cmp.Compare(b.length(), a.length())
	}
	return c.compare(a, b)
}

// compare orders episodes by when they began to fire, and then by their series' labels.
func (c *collector) compare(a, b episode) int {
	if a.fired != b.fired {
		return cmp.Compare(a.fired, b.fired)
	}
	return cmp.Compare(c.series[a.series].key, c.series[b.series].key)
}

// merge takes in the result of other series.
func (c *collector) merge(other *collector) {
	c.fires += other.fires
	c.longest = max(c.longest, other.longest)
	for i, n := range other.seriesFires {
		c.seriesFires[i] += n
	}
	for i, word := range other.firing {
		c.firing[i] |= word
	}
	for i, n := range other.began {
		c.began[i] += n
	}
	c.longestEpisodes = append(c.longestEpisodes, other.longestEpisodes...)
	c.cut()
}

// result ends the counting.
func (c *collector) result() *Result {
	c.cut()
	slices.SortFunc(c.longestEpisodes, c.compare)
	steps := 0
	for _, word := range c.firing {
		steps += bits.OnesCount64(word)
	}
	result := &Result{
		Fires: c.fires, Firing: time.Duration(steps) * c.window.Step, Longest: time.Duration(c.longest) * c.window.Step,
		Began: c.began, Episodes: make([]Episode, len(c.longestEpisodes)),
	}
	for _, n := range c.seriesFires {
		if n > 0 {
			result.Series++
		}
	}
	at := func(n int) time.Time { return c.window.Start.Add(time.Duration(n) * c.window.Step) }
	for i, e := range c.longestEpisodes {
		result.Episodes[i] = Episode{c.series[e.series].name, at(e.active), at(e.fired), at(e.resolved), e.isOpen}
	}
	return result
}

// setBits sets the bits from one up to another, which is not set.
func setBits(words []uint64, from, to int) {
	for from < to {
		n := min(64-from%64, to-from)
		words[from/64] |= (^uint64(0) >> (64 - n)) << (from % 64)
		from += n
	}
}
