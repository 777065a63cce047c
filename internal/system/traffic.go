package system

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"

	"github.com/shirou/gopsutil/v3/disk"
	"github.com/shirou/gopsutil/v3/net"
)

// loopback is the name of the loopback interface in every network namespace.
const loopback = "lo"

// deviceCounters sum the counters of devices that come and go. A plain sum would decrease when a volume is detached,
// which Prometheus takes for a restart.
type deviceCounters struct {
	sum    Traffic
	before map[string]Traffic
}

// add takes the devices' current counters and returns the sum. A new device, or one whose counters decreased, counts from
// zero.
func (c *deviceCounters) add(now map[string]Traffic) *Traffic {
	since := func(now, before uint64) uint64 {
		if now < before {
			return now
		}
		return now - before
	}
	for name, n := range now {
		b := c.before[name]
		c.sum.In += since(n.In, b.In)
		c.sum.Out += since(n.Out, b.Out)
	}
	c.before = now
	sum := c.sum
	return &sum
}

func (s *Sampler) network(ctx context.Context) (*Network, *Traffic, error) {
	all, err := net.IOCountersWithContext(ctx, true)
	if err != nil {
		return nil, nil, fmt.Errorf("reading network counters: %w", err)
	}
	if len(all) == 0 {
		return nil, nil, errors.New("reading network counters: there are none")
	}
	var sum Network
	traffic := map[string]Traffic{}
	for _, n := range all {
		sum.BytesSent += n.BytesSent
		sum.BytesReceived += n.BytesRecv
		sum.PacketsSent += n.PacketsSent
		sum.PacketsReceived += n.PacketsRecv
		sum.ErrorsIn += n.Errin
		sum.ErrorsOut += n.Errout
		sum.DropsIn += n.Dropin
		sum.DropsOut += n.Dropout
		if n.Name != loopback {
			traffic[n.Name] = Traffic{In: n.BytesRecv, Out: n.BytesSent}
		}
	}
	return &sum, s.nets.add(traffic), nil
}

func (s *Sampler) diskTraffic(ctx context.Context) (*Traffic, error) {
	all, err := disk.IOCountersWithContext(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading disk counters: %w", err)
	}
	traffic := map[string]Traffic{}
	for name, d := range all {
		if isDisk(s.root, name) {
			traffic[name] = Traffic{In: d.ReadBytes, Out: d.WriteBytes}
		}
	}
	return s.disks.add(traffic), nil
}

// isDisk reports whether a block device is a disk, not something on one that would count twice: partitions are not in
// sysfs' list of block devices, and volumes, loops and RAM have no device.
func isDisk(root fs.FS, name string) bool {
	_, err := fs.Stat(root, path.Join("sys/block", name, "device"))
	return err == nil
}
