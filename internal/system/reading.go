// Package system reads how much of its CPU, memory, disk and network the process may use is in use. It samples in the
// background; whoever asks gets the last sample and never waits.
package system

import "time"

// Reading is one sample. Its JSON is the source document's. What could not be read is nil.
type Reading struct {
	// Time is when it was taken.
	Time time.Time `json:"-"`
	// CPUPercent is the CPU in use since the sample before, from 0 to 100.
	CPUPercent *float64 `json:"cpu_percent"`
	Memory     *Memory  `json:"memory"`
	Disk       *Disk    `json:"disk"`
	Network    *Network `json:"network"`
	// DiskTraffic is In what was read and Out what was written, on all disks of the machine.
	DiskTraffic *Traffic `json:"-"`
	// NetworkTraffic is In what was received and Out what was sent, on all interfaces but the loopback.
	NetworkTraffic *Traffic `json:"-"`
}

// Traffic counts bytes. It never decreases while the process runs, whatever device comes or goes.
type Traffic struct{ In, Out uint64 }

// Memory is in bytes. Where a cgroup limits the process, Total is the limit.
type Memory struct {
	Total     uint64  `json:"total"`
	Available uint64  `json:"available"`
	Percent   float64 `json:"percent"`
}

// Disk is the file system of the working directory, in bytes. Percent is of what an ordinary user may use.
type Disk struct {
	Total   uint64  `json:"total"`
	Used    uint64  `json:"used"`
	Percent float64 `json:"percent"`
}

// Network counts since boot, over all interfaces of the process's network namespace, as psutil does: the loopback too.
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
