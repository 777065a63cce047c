package main

import (
	"math"
	"time"
)

// Latencies are kept in buckets, each a fiftieth wider than the one before, so that a run of any length needs the same
// memory and a percentile is at most two percent off.
const (
	bucketGrowth = 1.02
	smallest     = 100 * time.Microsecond
	bucketCount  = 800 // up to about 13 minutes
)

type latencies struct {
	counts [bucketCount]int
	n      int
	max    time.Duration
}

func (l *latencies) add(d time.Duration) {
	i := 0
	if d > smallest {
		i = int(math.Ceil(math.Log(float64(d)/float64(smallest)) / math.Log(bucketGrowth)))
	}
	l.counts[min(i, bucketCount-1)]++
	l.n++
	l.max = max(l.max, d)
}

// percentile is the latency that the share p of requests did not exceed; 0 without requests.
func (l *latencies) percentile(p float64) time.Duration {
	if l.n == 0 {
		return 0
	}
	rank, seen := int(math.Ceil(p*float64(l.n))), 0
	for i, count := range l.counts {
		seen += count
		if seen >= rank {
			upper := time.Duration(float64(smallest) * math.Pow(bucketGrowth, float64(i)))
			return min(upper, l.max)
		}
	}
	return l.max
}
