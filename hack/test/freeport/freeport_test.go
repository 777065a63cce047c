package freeport

import (
	"fmt"
	"net"
	"os"
	"testing"
)

func TestPort(t *testing.T) {
	text, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range")
	if err != nil {
		t.Fatal(err)
	}
	var least, most int
	if _, err := fmt.Sscan(string(text), &least, &most); err != nil {
		t.Fatal(err)
	}
	if least < firstPort+count {
		t.Skipf("this machine takes the ports of outgoing connections from %d on", least)
	}
	seen := map[string]bool{}
	for range 1000 {
		at := Address()
		l, err := net.Listen("tcp", at)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		if port := l.Addr().(*net.TCPAddr).Port; port >= least && port <= most {
			t.Errorf("%d may be taken for an outgoing connection", port)
		}
		if seen[at] {
			t.Errorf("%s was given twice", at)
		}
		seen[at] = true
	}
}

// TestAPortInUseIsNotGiven: all but one are taken, so that there is one to be found.
func TestAPortInUseIsNotGiven(t *testing.T) {
	l, err := net.Listen("tcp", Address())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	used := l.Addr().(*net.TCPAddr).Port
	mu.Lock()
	before := given
	given = map[int]bool{}
	for port := firstPort; port < firstPort+count; port++ {
		given[port] = port != used
	}
	mu.Unlock()
	defer func() {
		given = before
		if recover() == nil {
			t.Error("a port in use was given")
		}
	}()
	Port()
}
