package system

import (
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// mount is where control groups are mounted, relative to the root.
const mount = "sys/fs/cgroup"

// cgroup reads the process's control groups, versions 1 and 2. Any group above the process's own may have a limit, so
// every lookup walks up to the root, as far as the process can see.
type cgroup struct {
	root fs.FS
	// v2 is the unified group; memory and cpu are those of the version 1 controllers. Each is a list of directories, the
	// group itself first; empty without the controller.
	v2, memory, cpu []string
}

// findCgroup finds the groups of the process. root is the root of the file system.
func findCgroup(root fs.FS) cgroup {
	c := cgroup{root: root}
	data, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return c
	}
	for line := range strings.Lines(string(data)) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, ok := strings.Cut(rest, ":")
		if !ok {
			continue
		}
		names := strings.Split(controllers, ",")
		switch {
		case controllers == "":
			c.v2 = c.climb(mount, group)
		case slices.Contains(names, "memory"):
			c.memory = c.climb(mount+"/memory", group)
		}
		if slices.Contains(names, "cpu") {
			c.cpu = c.climb(mount+"/cpu", group)
		}
	}
	return c
}

// climb returns the existing directories from a group up to the mount point. In a container without a cgroup namespace
// the group's path is the host's, and only the mount point exists.
func (c cgroup) climb(base, group string) []string {
	var dirs []string
	// Cleaned as an absolute path, so that a group outside the namespace ("/../..") cannot lead out of the mount.
	for p := path.Clean("/" + group); ; p = path.Dir(p) {
		dir := path.Join(base, p)
		if info, err := fs.Stat(c.root, dir); err == nil && info.IsDir() {
			dirs = append(dirs, dir)
		}
		if p == "/" {
			return dirs
		}
	}
}

// fields reads the words of a file; none if it cannot be read.
func (c cgroup) fields(dir, file string) []string {
	data, err := fs.ReadFile(c.root, path.Join(dir, file))
	if err != nil {
		return nil
	}
	return strings.Fields(string(data))
}

// number reads a file with one number. It is not ok for "max", a negative number, or a missing file.
func (c cgroup) number(dir, file string) (n uint64, ok bool) {
	words := c.fields(dir, file)
	if len(words) == 0 {
		return 0, false
	}
	n, err := strconv.ParseUint(words[0], 10, 64)
	return n, err == nil
}

// stat reads one key of a file of "key value" lines.
func (c cgroup) stat(dir, file, key string) (n uint64, ok bool) {
	words := c.fields(dir, file)
	for i := 0; i+1 < len(words); i += 2 {
		if words[i] == key {
			n, err := strconv.ParseUint(words[i+1], 10, 64)
			return n, err == nil
		}
	}
	return 0, false
}
