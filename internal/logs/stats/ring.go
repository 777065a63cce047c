package stats

import (
	"iter"
	"time"
)

// bucket sums a stretch of time, the index-th of its width since 1970.
type bucket struct {
	index  int64
	totals Totals
	cpu    gauge
	memory gauge
}

// ring holds the buckets of a span; a bucket takes the place of the one a span before. Places are nil until something
// happens in their time.
type ring struct {
	width   time.Duration
	buckets []*bucket
}

// newRing has one bucket more than span is long: both the first and the last may lie partly outside.
func newRing(width, lookback time.Duration) ring {
	return ring{width: width, buckets: make([]*bucket, lookback/width+1)}
}

func (r *ring) index(t time.Time) int64 { return t.UnixNano() / int64(r.width) }

// start is when the bucket of t begins.
func (r *ring) start(t time.Time) time.Time { return time.Unix(0, r.index(t)*int64(r.width)) }

// at is the bucket of t; nil if t is before the ring's time.
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

// since yields the buckets that begin at from or later, in no order.
func (r *ring) since(from time.Time) iter.Seq[*bucket] {
	first := r.index(from)
	return func(yield func(*bucket) bool) {
		for _, b := range r.buckets {
			if b != nil && b.index >= first && !yield(b) {
				return
			}
		}
	}
}
