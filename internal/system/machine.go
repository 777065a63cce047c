package system

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/shirou/gopsutil/v3/cpu"
	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/mem"
)

// cpuSample is a point in CPU time. Between two of the same scope, busy over total is what was in use.
type cpuSample struct {
	// scope is the cores of the cgroup limit that busy counts against; 0 for the machine. Samples of different scopes
	// cannot be compared.
	scope float64
	// busy and total are in seconds, summed over the cores.
	busy, total float64
}

// unknownScope is the scope of a sample that could not be read.
const unknownScope = -1

// percentSince returns the CPU in use since an earlier sample, from 0 to 100. It is not ok if that is unknown.
func (s cpuSample) percentSince(before cpuSample) (percent float64, ok bool) {
	total := s.total - before.total
	if s.scope != before.scope || total <= 0 {
		return 0, false
	}
	return percentOf(s.busy-before.busy, total), true
}

// percentOf is a part of a whole in percent. It is clamped: a cgroup may exceed its limit a little, and two counters are
// never read at the same instant.
func percentOf(numerator, denominator float64) float64 {
	if denominator <= 0 {
		return 0
	}
	return min(100, max(0, 100*numerator/denominator))
}

func (s *Sampler) sampleCPU(ctx context.Context) (cpuSample, error) {
	if used, cores, ok := s.cgroup.cpuLimit(float64(runtime.NumCPU())); ok {
		return cpuSample{scope: cores, busy: used, total: time.Since(s.started).Seconds() * cores}, nil
	}
	all, err := cpu.TimesWithContext(ctx, false)
	if err != nil {
		return cpuSample{scope: unknownScope}, fmt.Errorf("reading CPU times: %w", err)
	}
	if len(all) == 0 {
		return cpuSample{scope: unknownScope}, errors.New("reading CPU times: there are none")
	}
	t := all[0]
	// Guest time is already part of user time; idle and I/O wait are not busy.
	busy := t.User + t.System + t.Nice + t.Irq + t.Softirq + t.Steal
	return cpuSample{busy: busy, total: busy + t.Idle + t.Iowait}, nil
}

func (s *Sampler) memory(ctx context.Context) (*Memory, error) {
	machine, err := mem.VirtualMemoryWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading memory: %w", err)
	}
	total, available := machine.Total, machine.Available
	if used, limit, ok := s.cgroup.memoryLimit(machine.Total); ok {
		total, available = limit, limit-min(limit, used)
	}
	return &Memory{
		Total: total, Available: available,
		Percent: percentOf(float64(total)-float64(available), float64(total)),
	}, nil
}

func (s *Sampler) disk(ctx context.Context) (*Disk, error) {
	usage, err := disk.UsageWithContext(ctx, s.dir)
	if err != nil {
		return nil, fmt.Errorf("reading disk usage of %s: %w", s.dir, err)
	}
	return &Disk{Total: usage.Total, Used: usage.Used, Percent: usage.UsedPercent}, nil
}
