package cluster

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/plimsoll-dev/plimsoll/hack/test/freeport"
)

// TestMain makes this binary the server that TestWhatHasEndedIsGone ends. One of its threads, not the first, is nearly always
// in a call that no signal interrupts: until that ends, all that the process has open stays open.
func TestMain(m *testing.M) {
	if address := os.Getenv("SERVE"); address != "" {
		fmt.Println(serve(address))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func serve(address string) error {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	defer l.Close()
	file, err := os.Create("written")
	if err != nil {
		return err
	}
	failed := make(chan error)
	go func() {
		for chunk := make([]byte, 64<<20); ; {
			_, err := file.WriteAt(chunk, 0)
			if err = errors.Join(err, file.Sync()); err != nil {
				failed <- err
				return
			}
		}
	}()
	fmt.Println("listening")
	return <-failed
}

// TestWhatHasEndedIsGone: when Kill and Stop return, others can have the port.
func TestWhatHasEndedIsGone(t *testing.T) {
	c := &Cluster{dir: t.TempDir()}
	if err := os.Mkdir(filepath.Join(c.dir, "logs"), 0o755); err != nil {
		t.Fatal(err)
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	address := freeport.Address()
	server := Process{Name: "server", Path: binary, Env: []string{"SERVE=" + address}}
	t.Cleanup(func() { _ = c.Stop(context.Background(), "", 0) })
	for name, end := range map[string]func() error{
		"Kill": func() error { return c.Kill(t.Context(), server.Name) },
		"Stop": func() error { return c.Stop(t.Context(), server.Name, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			for range 5 {
				_ = os.Remove(c.LogFile(server.Name))
				if err := c.Start(server); err != nil {
					t.Fatal(err)
				}
				if err := Poll(t.Context(), 10*time.Second, func(context.Context) error {
					if c.tail(server.Name) == "" {
						return errors.New("the server does not listen yet")
					}
					return nil
				}); err != nil {
					t.Fatal(err)
				}
				if err := end(); err != nil {
					t.Fatal(err)
				}
				l, err := net.Listen("tcp", address)
				if err != nil {
					t.Fatal(err)
				}
				l.Close()
			}
		})
	}
}
