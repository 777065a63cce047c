package system

import (
	"testing"
	"testing/fstest"
)

// files is a file system by path.
func files(contents map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, data := range contents {
		fsys[name] = &fstest.MapFile{Data: []byte(data + "\n")}
	}
	return fsys
}

const gib = 1 << 30

func TestMemoryLimit(t *testing.T) {
	for _, tt := range []struct {
		name        string
		files       map[string]string
		used, limit uint64 // no limit if 0
	}{
		{"no cgroups", nil, 0, 0},
		{"v2 in a namespace", map[string]string{
			"proc/self/cgroup":             "0::/",
			"sys/fs/cgroup/memory.max":     "1000",
			"sys/fs/cgroup/memory.current": "600",
			"sys/fs/cgroup/memory.stat":    "anon 300\ninactive_file 200\nactive_file 100",
		}, 400, 1000},
		{"v2 without limit", map[string]string{
			"proc/self/cgroup":             "0::/",
			"sys/fs/cgroup/memory.max":     "max",
			"sys/fs/cgroup/memory.current": "600",
		}, 0, 0},
		{"v2, the parent is tighter", map[string]string{
			"proc/self/cgroup":                      "0::/pod/main",
			"sys/fs/cgroup/pod/main/memory.max":     "2000",
			"sys/fs/cgroup/pod/main/memory.current": "100",
			"sys/fs/cgroup/pod/memory.max":          "1000",
			"sys/fs/cgroup/pod/memory.current":      "900",
		}, 900, 1000},
		{"v2, the same limit on the parent, which others fill", map[string]string{
			"proc/self/cgroup":                      "0::/pod/main",
			"sys/fs/cgroup/pod/main/memory.max":     "1000",
			"sys/fs/cgroup/pod/main/memory.current": "100",
			"sys/fs/cgroup/pod/memory.max":          "1000",
			"sys/fs/cgroup/pod/memory.current":      "950",
			"sys/fs/cgroup/pod/memory.stat":         "inactive_file 50",
		}, 900, 1000},
		{"v2, a higher limit with less left", map[string]string{
			"proc/self/cgroup":                      "0::/pod/main",
			"sys/fs/cgroup/pod/main/memory.max":     "1000",
			"sys/fs/cgroup/pod/main/memory.current": "100",
			"sys/fs/cgroup/pod/memory.max":          "2000",
			"sys/fs/cgroup/pod/memory.current":      "1900",
		}, 1900, 2000},
		{"v2, a roomy parent", map[string]string{
			"proc/self/cgroup":                      "0::/pod/main",
			"sys/fs/cgroup/pod/main/memory.max":     "1000",
			"sys/fs/cgroup/pod/main/memory.current": "100",
			"sys/fs/cgroup/pod/memory.max":          "2000",
			"sys/fs/cgroup/pod/memory.current":      "200",
		}, 100, 1000},
		{"hybrid: version 2 is there without controllers", map[string]string{
			"proc/self/cgroup":                               "4:memory:/a/b\n0::/",
			"sys/fs/cgroup/unified/cgroup.procs":             "1",
			"sys/fs/cgroup/memory/a/b/memory.limit_in_bytes": "9223372036854771712",
			"sys/fs/cgroup/memory/a/b/memory.usage_in_bytes": "100",
			"sys/fs/cgroup/memory/a/memory.limit_in_bytes":   "1000",
			"sys/fs/cgroup/memory/a/memory.usage_in_bytes":   "700",
			"sys/fs/cgroup/memory/a/memory.stat":             "inactive_file 1\ntotal_inactive_file 200",
		}, 500, 1000},
		{"v2, a path outside the namespace", map[string]string{
			"proc/self/cgroup":             "0::/../../elsewhere",
			"sys/fs/cgroup/memory.max":     "1000",
			"sys/fs/cgroup/memory.current": "600",
		}, 600, 1000},
		{"v1 in a container that sees the host's path", map[string]string{
			"proc/self/cgroup":                           "4:memory:/kubepods/pod1/c1\n1:cpu,cpuacct:/kubepods/pod1/c1\n0::/",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "1000",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "600",
			"sys/fs/cgroup/memory/memory.stat":           "cache 9\ninactive_file 1\ntotal_inactive_file 100",
		}, 500, 1000},
		{"v1 without limit says a huge number", map[string]string{
			"proc/self/cgroup":                           "4:memory:/",
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "600",
		}, 0, 0},
		{"more cache than usage", map[string]string{
			"proc/self/cgroup":             "0::/",
			"sys/fs/cgroup/memory.max":     "1000",
			"sys/fs/cgroup/memory.current": "100",
			"sys/fs/cgroup/memory.stat":    "inactive_file 200",
		}, 0, 1000},
	} {
		t.Run(tt.name, func(t *testing.T) {
			used, limit, ok := findCgroup(files(tt.files)).memoryLimit(gib)
			if used != tt.used || limit != tt.limit || ok != (tt.limit > 0) {
				t.Errorf("memoryLimit = %d of %d, %v; want %d of %d", used, limit, ok, tt.used, tt.limit)
			}
		})
	}
}

func TestCPULimit(t *testing.T) {
	for _, tt := range []struct {
		name  string
		files map[string]string
		used  float64 // seconds
		cores float64 // no limit if 0
	}{
		{"no cgroups", nil, 0, 0},
		{"v2", map[string]string{
			"proc/self/cgroup":       "0::/",
			"sys/fs/cgroup/cpu.max":  "50000 100000",
			"sys/fs/cgroup/cpu.stat": "usage_usec 2000000\nuser_usec 1",
		}, 2, 0.5},
		{"v2 without limit", map[string]string{
			"proc/self/cgroup":       "0::/",
			"sys/fs/cgroup/cpu.max":  "max 100000",
			"sys/fs/cgroup/cpu.stat": "usage_usec 2000000",
		}, 0, 0},
		{"v2, more cores than there are", map[string]string{
			"proc/self/cgroup":       "0::/",
			"sys/fs/cgroup/cpu.max":  "800000 100000",
			"sys/fs/cgroup/cpu.stat": "usage_usec 2000000",
		}, 0, 0},
		{"v1, cpu and cpuacct apart, the limit on the parent", map[string]string{
			"proc/self/cgroup": "2:cpuacct:/pod/main\n1:cpu:/pod/main",
			"sys/fs/cgroup/cpu/pod/main/cpu.cfs_quota_us":  "-1",
			"sys/fs/cgroup/cpu/pod/main/cpu.cfs_period_us": "100000",
			"sys/fs/cgroup/cpu/pod/cpu.cfs_quota_us":       "150000",
			"sys/fs/cgroup/cpu/pod/cpu.cfs_period_us":      "100000",
			"sys/fs/cgroup/cpuacct/pod/main/cpuacct.usage": "1",
			"sys/fs/cgroup/cpuacct/pod/cpuacct.usage":      "3000000000",
		}, 3, 1.5},
		{"v1 in a container that sees the host's path", map[string]string{
			"proc/self/cgroup":                    "1:cpu,cpuacct:/kubepods/pod1/c1",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us":  "100000",
			"sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000",
			"sys/fs/cgroup/cpuacct/cpuacct.usage": "1000000000",
		}, 1, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			used, cores, ok := findCgroup(files(tt.files)).cpuLimit(4)
			if used != tt.used || cores != tt.cores || ok != (tt.cores > 0) {
				t.Errorf("cpuLimit = %v s of %v cores, %v; want %v of %v", used, cores, ok, tt.used, tt.cores)
			}
		})
	}
}
