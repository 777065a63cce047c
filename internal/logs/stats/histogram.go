package stats

import (
	"math/bits"
	"time"
)

// A histogram has eight buckets to each doubling, so that a quantile is wrong by an eighth at most, and by far less as
// a rule. It begins at eight buckets of 131 µs each and ends at 137 s; the last bucket holds all that took longer.
const (
	unitBits  = 17 // 2^17 ns
	subBits   = 3
	subCount  = 1 << subBits
	doublings = 17
	overflow  = subCount + doublings*subCount
)

type bucketCounts [overflow + 1]uint64

func (h *bucketCounts) add(d time.Duration) { h[bucketOf(d)]++ }

func (h *bucketCounts) merge(other *bucketCounts) {
	for i, n := range other {
		h[i] += n
	}
}

func bucketOf(d time.Duration) int {
	units := uint64(max(d, 0)) >> unitBits
	if units < subCount {
		return int(units)
	}
	shift := bits.Len64(units) - subBits - 1
	if shift >= doublings {
		return overflow
	}
	return subCount + shift*subCount + int(units>>shift) - subCount //nolint:gosec // below sixteen
}

// bounds are where a bucket begins and ends; the last one ends at longest.
func bounds(bucket int, longest time.Duration) (from, to time.Duration) {
	if bucket < subCount {
		return time.Duration(bucket) << unitBits, time.Duration(bucket+1) << unitBits
	}
	shift, sub := (bucket-subCount)/subCount, bucket%subCount+subCount
	from = time.Duration(sub) << (shift + unitBits)
	if bucket == overflow {
		return from, max(from, longest)
	}
	return from, time.Duration(sub+1) << (shift + unitBits)
}

// timing is how long things took.
type histogram struct {
	count   uint64
	sum     time.Duration
	max     time.Duration
	buckets *bucketCounts // nil while n is 0
}

func (t *histogram) add(d time.Duration) {
	if t.buckets == nil {
		t.buckets = new(bucketCounts)
	}
	t.count++
	t.sum += d
	t.max = max(t.max, d)
	t.buckets.add(d)
}

func (t *histogram) merge(other *histogram) {
	if other.count == 0 {
		return
	}
	if t.buckets == nil {
		t.buckets = new(bucketCounts)
	}
	t.count += other.count
	t.sum += other.sum
	t.max = max(t.max, other.max)
	t.buckets.merge(other.buckets)
}

// mean is in seconds, 0 of nothing, as the source document has it.
func (t *histogram) mean() float64 {
	if t.count == 0 {
		return 0
	}
	return t.sum.Seconds() / float64(t.count)
}

// quantile is in seconds, nil of nothing. It assumes that durations lie evenly within their bucket.
func (t *histogram) quantile(q float64) *float64 {
	if t.count == 0 {
		return nil
	}
	rank, below := q*float64(t.count), 0.0
	for i, n := range t.buckets {
		if n == 0 {
			continue
		}
		if below+float64(n) >= rank {
			from, to := bounds(i, t.max)
			to = min(to, t.max)
			seconds := (from + time.Duration(float64(to-from)*(rank-below)/float64(n))).Seconds()
			return &seconds
		}
		below += float64(n)
	}
	longest := t.max.Seconds()
	return &longest
}
