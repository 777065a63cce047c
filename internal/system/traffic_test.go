package system

import (
	"testing"
	"testing/fstest"
)

func TestTallyNeverDecreases(t *testing.T) {
	var sum deviceCounters
	for _, step := range []struct {
		name string
		now  map[string]Traffic
		want Traffic
	}{
		{"what was counted before the start is counted", map[string]Traffic{"a": {100, 10}}, Traffic{100, 10}},
		{"a device goes on", map[string]Traffic{"a": {110, 10}}, Traffic{110, 10}},
		{"another is attached", map[string]Traffic{"a": {110, 11}, "b": {5, 5}}, Traffic{115, 16}},
		{"one is detached", map[string]Traffic{"b": {6, 5}}, Traffic{116, 16}},
		{"it is back, from zero", map[string]Traffic{"a": {1, 0}, "b": {6, 5}}, Traffic{117, 16}},
		{"a counter goes back", map[string]Traffic{"a": {1, 0}, "b": {2, 5}}, Traffic{119, 16}},
		{"none is left", nil, Traffic{119, 16}},
	} {
		if got := *sum.add(step.now); got != step.want {
			t.Errorf("%s: sum = %+v, want %+v", step.name, got, step.want)
		}
	}
}

func TestOnlyDisksAreCounted(t *testing.T) {
	root := fstest.MapFS{}
	for _, name := range []string{
		"sys/block/sda/device/model", "sys/block/nvme0n1/device/model", "sys/block/sda/sda1/size",
		"sys/block/dm-0/dm/name", "sys/block/loop0/size", "sys/block/zram0/size",
	} {
		root[name] = &fstest.MapFile{}
	}
	for name, want := range map[string]bool{
		"sda": true, "nvme0n1": true, "sda1": false, "dm-0": false, "loop0": false, "zram0": false, "gone": false,
	} {
		if got := isDisk(root, name); got != want {
			t.Errorf("isDisk(%s) = %v, want %v", name, got, want)
		}
	}
}
