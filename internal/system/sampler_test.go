package system

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"math"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestStartHasAReadingOfEverything(t *testing.T) {
	s := Start(t.Context(), t.TempDir(), discard())
	r := s.Reading()
	if r.CPUPercent == nil || r.Memory == nil || r.Disk == nil || r.Network == nil || r.DiskTraffic == nil || r.NetworkTraffic == nil {
		t.Fatalf("the first reading lacks something: %+v", r)
	}
	for name, percent := range map[string]float64{"cpu": *r.CPUPercent, "memory": r.Memory.Percent, "disk": r.Disk.Percent} {
		if percent < 0 || percent > 100 || math.IsNaN(percent) {
			t.Errorf("%s = %v%%, want 0 to 100", name, percent)
		}
	}
	if r.Memory.Total == 0 || r.Memory.Available > r.Memory.Total || r.Memory.Percent == 0 {
		t.Errorf("memory = %+v", *r.Memory)
	}
	if r.Disk.Total == 0 || r.Disk.Used > r.Disk.Total {
		t.Errorf("disk = %+v", *r.Disk)
	}
}

// limited is a sampler of a process that may use 1000 bytes and half a core.
func limited() (*Sampler, fstest.MapFS) {
	fsys := files(map[string]string{
		"proc/self/cgroup":             "0::/",
		"sys/fs/cgroup/memory.max":     "1000",
		"sys/fs/cgroup/memory.current": "250",
		"sys/fs/cgroup/cpu.max":        "50000 100000",
		"sys/fs/cgroup/cpu.stat":       "usage_usec 0",
	})
	return &Sampler{dir: "/", root: fsys, cgroup: findCgroup(fsys), logger: discard(), started: time.Now()}, fsys
}

func TestPercentagesAreOfTheCgroupsLimit(t *testing.T) {
	s, fsys := limited()
	s.started = time.Now().Add(-time.Second)
	s.cpu = cpuSample{scope: 0.5}
	fsys["sys/fs/cgroup/cpu.stat"].Data = []byte("usage_usec 250000") // of the 500000 that half a core has in a second
	s.sample(context.Background())

	r := s.Reading()
	if want := (Memory{Total: 1000, Available: 750, Percent: 25}); *r.Memory != want {
		t.Errorf("memory = %+v, want %+v", *r.Memory, want)
	}
	// Less than 50 by as much as the test was held up.
	if r.CPUPercent == nil || *r.CPUPercent > 50 || *r.CPUPercent < 10 {
		t.Errorf("reading = %+v, want about 50 percent of CPU", r)
	}
}

func TestMarksOfDifferentScopesAreNotCompared(t *testing.T) {
	for _, tt := range []struct {
		name        string
		before, now cpuSample
		want        float64
		ok          bool
	}{
		{"a quarter", cpuSample{0, 1, 4}, cpuSample{0, 2, 8}, 25, true},
		{"over the limit", cpuSample{0.5, 0, 0}, cpuSample{0.5, 2, 1}, 100, true},
		{"counter went back", cpuSample{0, 2, 2}, cpuSample{0, 1, 3}, 0, true},
		{"a limit appeared", cpuSample{0, 0, 0}, cpuSample{0.5, 1, 2}, 0, false},
		{"the limit changed", cpuSample{1, 0, 0}, cpuSample{0.5, 1, 2}, 0, false},
		{"nothing before", cpuSample{scope: unknownScope}, cpuSample{0, 1, 2}, 0, false},
		{"no time passed", cpuSample{0, 1, 1}, cpuSample{0, 1, 1}, 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got, ok := tt.now.percentSince(tt.before); got != tt.want || ok != tt.ok {
				t.Errorf("percentSince = %v, %v; want %v, %v", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestWhatCannotBeReadIsNilAndLoggedOnce(t *testing.T) {
	s, _ := limited()
	var out bytes.Buffer
	s.logger = slog.New(slog.NewTextHandler(&out, nil))
	s.dir = t.TempDir() + "/gone"
	s.sample(context.Background())
	s.sample(context.Background())
	if r := s.Reading(); r.Disk != nil || r.Memory == nil {
		t.Errorf("reading = %+v, want memory but no disk", r)
	}
	if got := strings.Count(out.String(), "System resources could not be read"); got != 1 {
		t.Errorf("the failure was logged %d times, want once:\n%s", got, out.String())
	}
	s.report(context.Background(), errors.Join(os.ErrClosed))
	if got := strings.Count(out.String(), "System resources could not be read"); got != 2 {
		t.Errorf("another failure was not logged:\n%s", out.String())
	}
}
