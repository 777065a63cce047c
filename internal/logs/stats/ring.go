package stats

import (
	"iter"
	"time"
)

// bucket holds the sums of an interval, the index-th of its width since 1970.
type bucket struct {
	index  int64
	totals Totals
	cpu    gauge
	memory gauge
}

// ring is a ring buffer of buckets. Slots are nil until something is counted.
type ring struct {
	width   time.Duration
	buckets []*bucket
}

// newRing returns a ring with one extra bucket: both the first and the last may lie partly outside.
func newRing(width, lookback time.Duration) ring {
	return ring{width: width, buckets: make([]*bucket, lookback/width+1)}
}

func (r *ring) index(t time.Time) int64 { return t.UnixNano() / int64(r.width) }

// start returns the start of the bucket of t.
func (r *ring) start(t time.Time) time.Time { return time.Unix(0, r.index(t)*int64(r.width)) }

// at returns the bucket of t; nil if t is before the ring's range.
func (r *ring) at(t time.Time) *bucket {
	i := r.index(t)
	if i < 0 {
		return nil
	}
	slot := &r.buckets[i%int64(len(r.buckets))]
	switch {
	case *slot == nil || (*slot).index < i:
		*slot = &bucket{index: i}
	case (*slot).index > i:
		return nil
	}
	return *slot
}

// since yields the buckets that start at from or later, in no order.
func (r *ring) since(from time.Time) iter.Seq[*bucket] {
	firstIndex := r.index(from)
	return func(yield func(*bucket) bool) {
		for _, b := range r.buckets {
			if b != nil && b.index >= firstIndex && !yield(b) {
				return
			}
		}
	}
}
