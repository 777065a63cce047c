package demo

import (
	"slices"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/build"
	"github.com/plimsoll-dev/plimsoll/hack/test/cluster"
)

// The steps of the demo that take long.
const (
	installStack    = "helm upgrade --install " + StackRelease
	installPlimsoll = "helm upgrade --install " + Release
	startTraffic    = "traffic, and what answers it"
	untilFiring     = alertName + " fires in Prometheus"
	installLogs     = "Loki and its collector, by Helm"
	untilLogs       = "Loki has the assistant's log lines"
)

// expect announces the long steps of the demo on a node, with what each takes on two idle cores. On a control plane, where
// most of them do not come, it announces none.
func expect(d cluster.Depth, b build.Builder, logs bool) error {
	if depth, _, err := d.Resolve(); err != nil || depth != cluster.Node {
		return err
	}
	names := slices.Concat(controlPlaneTools, nodeTools)
	steps := map[string]time.Duration{
		build.ProgramsStep: 135 * time.Second, build.ImagesStep: 10 * time.Second,
		installStack: 10 * time.Second, installPlimsoll: 3 * time.Second, startTraffic: 3 * time.Second, untilFiring: 22 * time.Second,
	}
	if logs {
		names = append(names, logTools...)
		steps[installLogs], steps[untilLogs] = 20*time.Second, 10*time.Second
	}
	for name, takes := range steps {
		b.Steps.Expect(name, takes)
	}
	return b.Expect(names...)
}
