package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// The machine's clock is not the harness's to move, and a time namespace does not shift the clock that Go reads. So the
// controller is built with a time package whose wall clock runs ahead by as much as a file says. As when a real clock is
// set, the monotonic clock, and with it every timer, goes on as before.

const (
	// buildLimit is how long that build may take: it compiles everything that imports time, and that is everything.
	buildLimit = 3 * time.Minute
	// clockVariable names the file with the offset, in seconds.
	clockVariable = "CHAOS_CLOCK"
	clockSource   = `package main

import (
	"os"
	"strconv"
	"strings"
	"time"
)

func init() {
	go func() {
		for ; ; time.Sleep(50 * time.Millisecond) {
			text, _ := os.ReadFile(os.Getenv("` + clockVariable + `"))
			if seconds, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil {
				time.Offset.Store(seconds)
			}
		}
	}()
}
`
)

// clockEdits are what changes in the time package's time.go.
var clockEdits = []edit{
	{"\t\"math/bits\"\n", "\t\"math/bits\"\n\t\"sync/atomic\"\n"},
	{"func Now() Time {", "var Offset atomic.Int64\n\nfunc Now() Time {"},
	{"\tsec, nsec, mono := runtimeNow()\n", "\tsec, nsec, mono := runtimeNow()\n\tsec += Offset.Load()\n"},
}

// edit replaces the first of something in a source file by something else.
type edit struct{ old, new string }

// overlay is what go build is told to take in the place of files.
type overlay map[string]string

// edited adds the file at path with the edits made. One that finds nothing to replace is an error: the file has moved on.
func (o overlay) edited(dir, path string, edits ...edit) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	source := string(text)
	for _, e := range edits {
		if !strings.Contains(source, e.old) {
			return fmt.Errorf("%s does not contain %q any more", path, e.old)
		}
		source = strings.Replace(source, e.old, e.new, 1)
	}
	return o.added(dir, path, source)
}

// added adds a file that need not be there.
func (o overlay) added(dir, path, source string) error {
	o[path] = filepath.Join(dir, strconv.Itoa(len(o))+"-"+filepath.Base(path))
	return os.WriteFile(o[path], []byte(source), 0o644)
}

// build builds cmd/controller of the project in root with the overlay, into the file at path.
func (o overlay) build(ctx context.Context, root, path string) error {
	text, err := json.Marshal(map[string]overlay{"Replace": o})
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".overlay.json", text, 0o644); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-overlay", path+".overlay.json", "-o", path, "./cmd/controller")
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the controller: %w\n%s", errors.Join(err, context.Cause(ctx)), out)
	}
	return nil
}

// buildClock builds a controller whose clock the file at clockVariable sets.
func buildClock(ctx context.Context, root, dir string) (program string, err error) {
	ctx, cancel := context.WithTimeout(ctx, buildLimit)
	defer cancel()
	goroot, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	program = filepath.Join(dir, "controller-clock")
	o := overlay{}
	err = errors.Join(
		o.edited(dir, filepath.Join(strings.TrimSpace(string(goroot)), "src", "time", "time.go"), clockEdits...),
		o.added(dir, filepath.Join(root, "cmd", "controller", "clock.go"), clockSource))
	if err != nil {
		return "", err
	}
	return program, o.build(ctx, root, program)
}
