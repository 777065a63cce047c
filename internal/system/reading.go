// Package system measures the use of CPU, memory, disk and network, relative to what the process may use. It samples in
// the background, so that a caller gets the last sample at once.
package system

import "time"

// Reading is one sample. What could not be read is nil.
type Reading struct {
	// Time is the time of the sample.
	Time time.Time `json:"-"`
	// CPUPercent is the CPU in use since the previous sample, from 0 to 100.
	CPUPercent *float64 `json:"cpu_percent"`
	Memory     *Memory  `json:"memory"`
	Disk       *Disk    `json:"disk"`
	Network    *Network `json:"network"`
	// DiskTraffic is what was read (In) and written (Out) on all disks of the machine.
	DiskTraffic *Traffic `json:"-"`
	// NetworkTraffic is what was received (In) and sent (Out) on all interfaces but the loopback.
	NetworkTraffic *Traffic `json:"-"`
}

// Traffic counts bytes. It never decreases while the process runs, even if devices come and go.
type Traffic struct{ In, Out uint64 }

// Memory is in bytes. Where a cgroup limits the process, Total is the limit.
type Memory struct {
	Total     uint64  `json:"total"`
	Available uint64  `json:"available"`
	Percent   float64 `json:"percent"`
}

// Disk is the file system of the working directory, in bytes. Percent is of what an unprivileged user may use.
type Disk struct {
	Total   uint64  `json:"total"`
	Used    uint64  `json:"used"`
	Percent float64 `json:"percent"`
}

// Network counts since boot, over all interfaces of the network namespace including the loopback, as psutil does.
type Network struct {
	BytesSent       uint64 `json:"bytes_sent"`
	BytesReceived   uint64 `json:"bytes_recv"`
	PacketsSent     uint64 `json:"packets_sent"`
	PacketsReceived uint64 `json:"packets_recv"`
	ErrorsIn        uint64 `json:"errin"`
	ErrorsOut       uint64 `json:"errout"`
	DropsIn         uint64 `json:"dropin"`
	DropsOut        uint64 `json:"dropout"`
}
