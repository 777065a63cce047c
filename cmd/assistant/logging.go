package main

import (
	"io"
	"log/slog"
	"time"

	"github.com/plimsoll-dev/plimsoll/internal/logs"
	"github.com/plimsoll-dev/plimsoll/internal/logs/stats"
	"github.com/plimsoll-dev/plimsoll/internal/system"
)

// logging is the program's logger with its level, output and statistics.
type logging struct {
	logger *slog.Logger
	level  *slog.LevelVar
	output *logs.Output
	window *stats.Window
}

func newLogging(opts options, stdout io.Writer) logging {
	l := logging{level: new(slog.LevelVar), output: logs.NewOutput(stdout, opts.logFile), window: stats.NewWindow(time.Now)}
	l.level.Set(opts.logLevel)
	l.logger = stats.CountInto(logs.New(l.output, l.level), l.window)
	return l
}

// cpuAndMemory returns those of a reading, in percent.
func cpuAndMemory(r system.Reading) (cpu, memory *float64) {
	if r.Memory != nil {
		memory = &r.Memory.Percent
	}
	return r.CPUPercent, memory
}
