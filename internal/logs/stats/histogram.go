package stats

import (
	"math/bits"
	"time"
)

// A histogram has eight buckets per doubling, so that a quantile is wrong by an eighth at most. It starts with eight
// buckets of 131 µs each and ends at 137 s; the last bucket holds what took longer.
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

// bounds returns the lower and the upper bound of a bucket; the last one ends at longest.
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

// histogram counts durations.
type histogram struct {
	count   uint64
	sum     time.Duration
	max     time.Duration
	buckets *bucketCounts // nil while count is 0
}

func (h *histogram) add(d time.Duration) {
	if h.buckets == nil {
		h.buckets = new(bucketCounts)
	}
	h.count++
	h.sum += d
	h.max = max(h.max, d)
	h.buckets.add(d)
}

func (h *histogram) merge(other *histogram) {
	if other.count == 0 {
		return
	}
	if h.buckets == nil {
		h.buckets = new(bucketCounts)
	}
	h.count += other.count
	h.sum += other.sum
	h.max = max(h.max, other.max)
	h.buckets.merge(other.buckets)
}

// mean is in seconds; 0 without durations.
func (h *histogram) mean() float64 {
	if h.count == 0 {
		return 0
	}
	return h.sum.Seconds() / float64(h.count)
}

// quantile is in seconds; nil without durations. It interpolates linearly within a bucket.
func (h *histogram) quantile(q float64) *float64 {
	if h.count == 0 {
		return nil
	}
	rank, below := q*float64(h.count), 0.0
	for i, n := range h.buckets {
		if n == 0 {
			continue
		}
		if below+float64(n) >= rank {
			from, to := bounds(i, h.max)
			to = min(to, h.max)
			seconds := (from + time.Duration(float64(to-from)*(rank-below)/float64(n))).Seconds()
			return &seconds
		}
		below += float64(n)
	}
	longest := h.max.Seconds()
	return &longest
}
