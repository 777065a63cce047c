package main

import (
	"math"
	"runtime/debug"
	"testing"

	"github.com/plimsoll-dev/plimsoll/internal/system"
)

func TestTuneGCLeavesWhatTheEnvironmentSays(t *testing.T) {
	memory := &system.Memory{Total: 1000}
	for name, c := range map[string]struct {
		env     map[string]string
		memory  *system.Memory
		percent int
		limit   int64
	}{
		"nothing said":        {nil, memory, gcPercent, 900},
		"GOGC":                {map[string]string{"GOGC": "50"}, memory, 100, 900},
		"GOMEMLIMIT":          {map[string]string{"GOMEMLIMIT": "1GiB"}, memory, gcPercent, math.MaxInt64},
		"memory is not known": {nil, nil, gcPercent, math.MaxInt64},
	} {
		t.Run(name, func(t *testing.T) {
			percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
			t.Cleanup(func() { debug.SetGCPercent(percent); debug.SetMemoryLimit(limit) })
			tuneGC(c.memory, func(name string) string { return c.env[name] })
			if got := debug.SetGCPercent(100); got != c.percent {
				t.Errorf("percent %d, want %d", got, c.percent)
			}
			if got := debug.SetMemoryLimit(-1); got != c.limit {
				t.Errorf("limit %d, want %d", got, c.limit)
			}
		})
	}
}
