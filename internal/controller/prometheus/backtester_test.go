package prometheus

import (
	"testing"
	"time"
)

// TestThrottle: backtests take a tenth of the time at most, but for those that take so long that the next would never come.
func TestThrottle(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{
		0:                      0,
		100 * time.Millisecond: 900 * time.Millisecond,
		6 * time.Second:        54 * time.Second,
		time.Hour:              time.Minute,
	} {
		if got := throttle(took); got != want {
			t.Errorf("throttle(%s) = %s, want %s", took, got, want)
		}
	}
}
