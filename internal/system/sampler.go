package system

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"sync/atomic"
	"time"
)

// Interval is the time between two samples.
const Interval = 5 * time.Second

// firstInterval is the time over which the first sample measures the CPU.
const firstInterval = 100 * time.Millisecond

// Sampler keeps the last Reading.
type Sampler struct {
	dir     string
	root    fs.FS
	cgroup  cgroup
	logger  *slog.Logger
	started time.Time

	reading   atomic.Pointer[Reading]
	cpu       cpuSample // of the previous sample
	lastError string    // of the previous sample
	disks     deviceCounters
	nets      deviceCounters
}

// Start takes a first sample, which takes about 100 ms, and samples until ctx ends. dir is on the file system to measure.
func Start(ctx context.Context, dir string, logger *slog.Logger) *Sampler {
	root := os.DirFS("/")
	s := &Sampler{dir: dir, root: root, cgroup: findCgroup(root), logger: logger, started: time.Now()}
	s.cpu, _ = s.sampleCPU(ctx) // the sample below reports an error
	select {
	case <-time.After(firstInterval):
	case <-ctx.Done():
	}
	s.sample(ctx)
	go s.run(ctx)
	return s
}

// Reading returns the last sample.
func (s *Sampler) Reading() Reading { return *s.reading.Load() }

func (s *Sampler) run(ctx context.Context) {
	t := time.NewTicker(Interval)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			s.sample(ctx)
		}
	}
}

// sample reads everything. It leaves out what fails, and logs a failure when it changes.
func (s *Sampler) sample(ctx context.Context) {
	r := Reading{Time: time.Now()}
	var errs [5]error
	var now cpuSample
	if now, errs[0] = s.sampleCPU(ctx); errs[0] == nil {
		if percent, ok := now.percentSince(s.cpu); ok {
			r.CPUPercent = &percent
		}
		s.cpu = now
	}
	r.Memory, errs[1] = s.memory(ctx)
	r.Disk, errs[2] = s.disk(ctx)
	r.Network, r.NetworkTraffic, errs[3] = s.network(ctx)
	r.DiskTraffic, errs[4] = s.diskTraffic(ctx)
	s.reading.Store(&r)
	s.report(ctx, errors.Join(errs[:]...))
}

func (s *Sampler) report(ctx context.Context, err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if text != "" && text != s.lastError && ctx.Err() == nil {
		s.logger.WarnContext(ctx, "System resources could not be read", "error", text)
	}
	s.lastError = text
}
