package main

import (
	"runtime/debug"

	"github.com/plimsoll-dev/plimsoll/internal/system"
)

const (
	// gcPercent lets the heap grow to five times the live objects. Without sessions those are 2 MB: with Go's default of 100, a
	// collection follows every thousand requests, and takes a fifth of their CPU time (BenchmarkCPU).
	gcPercent = 400
	// memoryShare is how much of the memory that it may use the heap fills before it is collected all the same.
	memoryShare = 0.9
)

// tuneGC sets what the environment does not: GOGC, and GOMEMLIMIT by the memory that the container or the machine has.
func tuneGC(memory *system.Memory, getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if getenv("GOMEMLIMIT") == "" && memory != nil {
		debug.SetMemoryLimit(int64(float64(memory.Total) * memoryShare))
	}
}
