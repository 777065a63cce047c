package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// OwnerVariable marks the environment of every process that a cluster starts with the cluster's folder, so the
// process table itself says what is ours: no pid file can be stale, and an interrupt between start and note loses
// nothing. Children inherit it.
const (
	OwnerVariable   = "PLIMSOLL_CLUSTER"
	processVariable = "PLIMSOLL_PROCESS"
)

// Process is a program that outlives the command which starts it.
type Process struct {
	Name string
	Path string
	Args []string
	// Env is its environment, besides PATH and HOME: the caller's own may hold secrets.
	Env []string
}

// Start starts p, unless a process of that name of this cluster runs, with its output appended to logs/NAME.log.
func (c *Cluster) Start(p Process) error {
	running, err := c.processes(p.Name)
	if err != nil || len(running) > 0 {
		return err
	}
	log, err := os.OpenFile(c.LogFile(p.Name), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(p.Path, p.Args...)
	cmd.Dir = c.dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.Env = slices.Concat([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}, p.Env,
		[]string{OwnerVariable + "=" + c.dir, processVariable + "=" + p.Name})
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", p.Name, err)
	}
	// Reaped here when the caller lives on (tests), by init otherwise.
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(ended)
	}()
	return c.listed(p.Name, ended)
}

// listed returns when the process table shows the process's environment, which the kernel fills in a moment after the
// process has begun, or when it has ended.
func (c *Cluster) listed(name string, ended <-chan struct{}) error {
	for {
		running, err := c.processes(name)
		if err != nil || len(running) > 0 {
			return err
		}
		select {
		case <-ended:
			return nil
		case <-time.After(time.Millisecond):
		}
	}
}

// LogFile is where the output of the process goes.
func (c *Cluster) LogFile(name string) string { return filepath.Join(c.dir, "logs", name+".log") }

// processes lists the pids of this cluster's living processes of the name, or all when it is empty.
func (c *Cluster) processes(name string) ([]int, error) {
	return processes(func(vars []string) bool {
		return slices.Contains(vars, OwnerVariable+"="+c.dir) && (name == "" || slices.Contains(vars, processVariable+"="+name))
	})
}

// processes lists the pids of the machine's living processes, but this one, whose environment is.
func processes(is func(vars []string) bool) ([]int, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		environ, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err != nil {
			continue // another user's, or gone
		}
		if is(strings.Split(string(environ), "\x00")) {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}

// Stop ends the processes of the name, or all when it is empty: politely, and after grace for certain. It returns when
// they are gone.
func (c *Cluster) Stop(ctx context.Context, name string, grace time.Duration) error {
	deadline := time.Now().Add(grace)
	signal := syscall.SIGTERM
	var ending []int
	for {
		pids, err := c.processes(name)
		if err != nil {
			return err
		}
		if time.Now().After(deadline) {
			signal = syscall.SIGKILL
		}
		for _, pid := range pids {
			if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
				return fmt.Errorf("stop pid %d: %w", pid, err)
			}
		}
		ending = slices.DeleteFunc(append(ending, pids...), gone)
		if len(ending) == 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// Kill ends the processes of the name that run now as a crash would: none of them has time for anything. It returns
// when they are gone.
func (c *Cluster) Kill(ctx context.Context, name string) error {
	victims, err := c.processes(name)
	if err != nil {
		return err
	}
	if len(victims) == 0 {
		return fmt.Errorf("kill %s: it does not run", name)
	}
	for _, pid := range victims {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			return fmt.Errorf("kill %s: %w", name, err)
		}
	}
	return Poll(ctx, 10*time.Second, func(context.Context) error {
		if victims = slices.DeleteFunc(victims, gone); len(victims) > 0 {
			return fmt.Errorf("%s does not end", name)
		}
		return nil
	})
}

// gone reports whether a process that is ending has closed all that it had open, such as its port: not when its environment
// is gone, nor when its folder of threads looks empty, which is read while they end, but when its own count of them says
// that the last has. It may still be in the process table, for whoever started it to see.
func gone(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return true
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	const state, threads = 0, 17 // proc_pid_stat(5), from the third on
	return fields[state] == "Z" && (fields[threads] == "0" || fields[threads] == "1")
}

// tail is the end of a process's log, for the message of an error.
func (c *Cluster) tail(name string) string {
	data, err := os.ReadFile(c.LogFile(name))
	if errors.Is(err, fs.ErrNotExist) {
		return ""
	}
	const most = 2000
	return string(data[max(0, len(data)-most):])
}
