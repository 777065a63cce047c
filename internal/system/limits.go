package system

import (
	"path"
	"strings"
	"time"
)

// memoryLimit returns the memory limit that the process would reach first, and its use as the kubelet counts it, without
// page cache that the kernel would drop; both in bytes. A group's use includes that of its children, so of nested limits
// the one with the least left counts. It is not ok if no limit is below ceiling.
func (c cgroup) memoryLimit(ceiling uint64) (used, limit uint64, ok bool) {
	dirs, limitFile, usageFile, cache := c.v2, "memory.max", "memory.current", "inactive_file"
	if len(c.memory) > 0 {
		dirs, limitFile, usageFile, cache = c.memory, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
	}
	left := ceiling
	for _, dir := range dirs {
		l, limited := c.number(dir, limitFile)
		u, hasUsage := c.number(dir, usageFile)
		if !limited || !hasUsage || l == 0 || l >= ceiling {
			continue
		}
		if inactive, hasCache := c.stat(dir, "memory.stat", cache); hasCache {
			u -= min(u, inactive)
		}
		if free := l - min(l, u); !ok || free < left {
			used, limit, left, ok = u, l, free, true
		}
	}
	return used, limit, ok
}

// cpuLimit returns the lowest CPU limit in cores, and the CPU time in seconds used by its group. It is not ok if no limit
// is below ceiling.
func (c cgroup) cpuLimit(ceiling float64) (used, cores float64, ok bool) {
	dirs, quota := c.v2, c.quotaV2
	if len(c.cpu) > 0 {
		dirs, quota = c.cpu, c.quotaV1
	}
	for _, dir := range dirs {
		n, limited := quota(dir)
		if !limited || n >= ceiling {
			continue
		}
		if u, hasUsage := c.cpuTime(dir); hasUsage {
			used, cores, ceiling, ok = u, n, n, true
		}
	}
	return used, cores, ok
}

func (c cgroup) quotaV2(dir string) (cores float64, ok bool) {
	words := c.fields(dir, "cpu.max")
	if len(words) != 2 {
		return 0, false
	}
	return ratio(words[0], words[1])
}

func (c cgroup) quotaV1(dir string) (cores float64, ok bool) {
	quota, period := c.fields(dir, "cpu.cfs_quota_us"), c.fields(dir, "cpu.cfs_period_us")
	if len(quota) != 1 || len(period) != 1 {
		return 0, false
	}
	return ratio(quota[0], period[0])
}

// ratio is quota over period. It is not ok for "max" and -1, which mean no limit.
func ratio(quota, period string) (float64, bool) {
	q, err1 := time.ParseDuration(quota + "us")
	p, err2 := time.ParseDuration(period + "us")
	if err1 != nil || err2 != nil || q <= 0 || p <= 0 {
		return 0, false
	}
	return float64(q) / float64(p), true
}

// cpuTime returns the CPU time in seconds used by the group in dir. Version 1 may have it under another mount point.
func (c cgroup) cpuTime(dir string) (float64, bool) {
	if len(c.cpu) == 0 {
		us, ok := c.stat(dir, "cpu.stat", "usage_usec")
		return float64(us) / 1e6, ok
	}
	group := strings.TrimPrefix(dir, mount+"/cpu")
	ns, ok := c.number(path.Join(mount, "cpuacct", group), "cpuacct.usage")
	return float64(ns) / 1e9, ok
}
